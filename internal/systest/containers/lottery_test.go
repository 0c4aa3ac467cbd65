package containers

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestOneBetEach(t *testing.T) {
	s := start(t, 3, "ej5")
	s.clientConfig(500, "150ms", "INFO", 10)
	s.serverConfig(5, "DEBUG")
	s.up()
	sent, stored := make(map[string]bool), make(map[string]bool)
	for e := range s.follow() {
		bet := e.Keys["dni"] + " " + e.Keys["numero"]
		switch {
		case e.Result == "fail" || e.exited && (e.source == "server" || e.status != 0):
			t.Fatalf("%+v", e)
		case e.Action == "apuesta_enviada":
			sent[bet] = true
		case e.Action == "apuesta_almacenada":
			stored[bet] = true
		}
		if len(sent) == 3 && len(stored) == 3 {
			break
		}
	}
	if !maps.Equal(sent, stored) || !sent["30904465 7574"] {
		t.Errorf("sent %v, stored %v", sent, stored)
	}
}

// dataFile describes an agency's data file. Its last rows are the winners.
type dataFile struct{ rows, winners int }

func (s system) writeDataFile(id int, f dataFile) {
	s.Helper()
	var content strings.Builder
	for i := range f.rows {
		number := i % 7574
		if i >= f.rows-f.winners {
			number = 7574
		}
		fmt.Fprintf(&content, "Ana,Ruiz,%08d,2000-01-31,%d\n", i, number)
	}
	s.write(fmt.Sprintf(".data/agency-%d.csv", id), content.String())
}

// lottery describes a whole lottery, to the exit of the last agency.
type lottery struct {
	scenario  string
	maxAmount int
	period    string
	files     []dataFile // of agencies 1, 2, …
}

// lotteries have the sizes of the course's suite: fewer bets than a batch can have, a last
// batch that is not full, three agencies, and five.
var lotteries = map[string]lottery{
	"64 bets":               {"ej6", 10, "150ms", []dataFile{{64, 0}}},
	"99 bets":               {"ej6", 10, "150ms", []dataFile{{99, 1}}},
	"16 bets in one of 64":  {"ej6", 64, "150ms", []dataFile{{16, 0}}},
	"21 bets in one of 99":  {"ej6", 99, "150ms", []dataFile{{21, 0}}},
	"128 bets in two of 64": {"ej6", 64, "150ms", []dataFile{{128, 0}}},
	"three agencies":        {"ej7", 10, "150ms", []dataFile{{100, 2}, {100, 1}, {100, 0}}},
	"five agencies":         {"ej8", 10, "150ms", []dataFile{{60, 1}, {60, 2}, {60, 3}, {60, 4}, {60, 5}}},
}

func TestLottery(t *testing.T) {
	needContainers(t)
	for _, name := range slices.Sorted(maps.Keys(lotteries)) {
		t.Run(name, func(t *testing.T) { lotteries[name].run(t) })
	}
}

func TestTwentyAgencies(t *testing.T) {
	l := lottery{"agencias", 10, "10ms", make([]dataFile, 20)}
	for i := range l.files {
		l.files[i] = dataFile{rows: 41 + i, winners: i % 4}
	}
	l.run(t)
}

// TestOfficialData uploads the course's data, with the committed configuration.
func TestOfficialData(t *testing.T) {
	const zip = "../../../../shared/data/dataset.zip"
	if _, err := os.Stat(zip); err != nil {
		t.Skipf("the course's data set is not here: %v", err)
	}
	s := start(t, 5, "agencias")
	if err := copyFile(zip, filepath.Join(project, ".data/dataset.zip")); err != nil {
		t.Fatal(err)
	}
	s.run("go", "run", "./scripts/datos", "-agencias", "5")
	s.up()
	s.checkLottery(100, []dataFile{{26936, 2}, {25518, 3}, {16014, 3}, {9238, 2}, {991, 0}})
	s.checkStored(5)
}

func (l lottery) run(t *testing.T) {
	s := start(t, len(l.files), l.scenario)
	s.clientConfig(500, l.period, "INFO", l.maxAmount)
	s.serverConfig(5, "DEBUG")
	for i, f := range l.files {
		s.writeDataFile(i+1, f)
	}
	s.up()
	s.checkLottery(l.maxAmount, l.files)
	s.checkStored(len(l.files))
}

// checkLottery follows a lottery to the exit of its last agency. The test ends at the first
// line that is wrong or too early.
func (s system) checkLottery(maxAmount int, files []dataFile) {
	s.Helper()
	received := make([]int, len(files)+1)
	winners := make(map[string]int)
	drawn, exits := false, 0
	for e := range s.follow() {
		switch {
		case e.exited:
			if e.source == "server" || e.status != 0 || !drawn {
				s.Fatalf("%s ended with %d, draw seen: %v", e.source, e.status, drawn)
			}
			exits++
		case e.Result == "fail":
			s.Fatalf("%s: %v", e.source, e.Keys)
		case e.Action == "apuesta_recibida":
			agency, n := e.number(s, "agencia"), e.number(s, "cantidad")
			received[agency] += n
			if drawn || n != maxAmount && received[agency] != files[agency-1].rows {
				s.Fatalf("agency %d: batch of %d makes %d bets, draw seen: %v", agency, n, received[agency], drawn)
			}
		case e.Action == "sorteo":
			if drawn {
				s.Fatal("a second draw")
			}
			drawn = true
			for i, f := range files {
				if received[i+1] != f.rows {
					s.Fatalf("draw after %d bets of agency %d, want %d", received[i+1], i+1, f.rows)
				}
			}
		case e.Action == "consulta_ganadores" && e.Result == "success":
			if _, twice := winners[e.source]; twice || !drawn {
				s.Fatalf("%s knows its winners: twice: %v, draw seen: %v", e.source, twice, drawn)
			}
			winners[e.source] = e.number(s, "cant_ganadores")
		}
		if exits == len(files) {
			break
		}
	}
	for i, f := range files {
		if got, ok := winners[fmt.Sprintf("client%d", i+1)]; !ok || got != f.winners {
			s.Errorf("agency %d: %d winners, logged: %v, want %d", i+1, got, ok, f.winners)
		}
	}
}

// checkStored checks that bets.csv holds exactly the rows of the n agencies' files.
func (s system) checkStored(n int) {
	s.Helper()
	s.checkRows(n, s.stored())
}

func (s system) checkRows(n int, got []string) {
	s.Helper()
	var want []string
	for id := 1; id <= n; id++ {
		content, err := os.ReadFile(filepath.Join(project, fmt.Sprintf(".data/agency-%d.csv", id)))
		if err != nil {
			s.Fatal(err)
		}
		for row := range strings.Lines(string(content)) {
			want = append(want, fmt.Sprintf("%d,%s\r\n", id, strings.TrimRight(row, "\r\n")))
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.Errorf("bets.csv has %d rows that are not the %d of the files", len(got), len(want))
	}
}
