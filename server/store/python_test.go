package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv/betcsvtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// python runs a script with python3, bets.csv in its working directory.
func python(t *testing.T, dir, script string) []byte {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3 here: not compared with the original")
	}
	cmd := exec.Command("python3", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PYTHONUTF8=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3: %v\n%s", err, &stderr)
	}
	return out
}

// oddBets are valid bets with every character that could matter to CSV.
func oddBets(n int) []lottery.Bet {
	random := rand.New(rand.NewPCG(7574, 1))
	pieces := []string{"", " ", ",", `"`, `""`, "'", ";", "a", "ñ", "李", "\t", "\\", "|", "\u2028", "0", "-", "😀", "\x1f"}
	text := func() (s string) {
		for range random.IntN(6) {
			s += pieces[random.IntN(len(pieces))]
		}
		return s
	}
	bets := make([]lottery.Bet, n)
	for i := range bets {
		bets[i] = betcsvtest.Bet(lottery.AgencyID(1+random.IntN(5)), text(), text(), text(), random.Int64()-random.Int64())
	}
	return bets
}

func TestPythonWritesTheSameFile(t *testing.T) {
	dir := t.TempDir()
	bets := oddBets(2000)
	for _, g := range betcsvtest.Rows {
		bets = append(bets, g.Bet)
	}
	in, err := json.Marshal(bets)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bets.json"), in, 0o644); err != nil {
		t.Fatal(err)
	}
	python(t, dir, `
import csv, datetime, json
with open('bets.json') as src, open('bets.csv', 'a+') as file:
    writer = csv.writer(file, quoting=csv.QUOTE_MINIMAL)
    for b in json.load(src):
        d = b['Birthdate']
        writer.writerow([b['Agency'], b['FirstName'], b['LastName'], b['Document'],
                         datetime.date(d['Year'], d['Month'], d['Day']), b['Number']])
`)
	path := filepath.Join(dir, "bets.csv")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := appendRows(nil, bets); !bytes.Equal(file, want) {
		t.Error("Python's file and AppendRow's differ")
	}
	s := mustOpen(t, path, Options{})
	defer s.Close()
	if tornBytes(s) != 0 {
		t.Errorf("%d bytes torn off Python's file", tornBytes(s))
	}
	equalBets(t, collect(t, loadBets(s)), bets)
}

// loadInPython prints the rows that Python's reader finds, in the types of the
// course's Bet.
const loadInPython = `
import csv, datetime, json
with open('bets.csv', newline=NEWLINE) as file:
    bets = []
    for row in csv.reader(file, quoting=csv.QUOTE_MINIMAL):
        d = datetime.date.fromisoformat(row[4])
        bets.append({'Agency': int(row[0]), 'FirstName': row[1], 'LastName': row[2], 'Document': row[3],
                     'Birthdate': {'Year': d.year, 'Month': d.month, 'Day': d.day}, 'Number': int(row[5])})
print(json.dumps(bets))
`

func TestPythonLoadsOurFile(t *testing.T) {
	dir := t.TempDir()
	bets := oddBets(2000)
	s := mustOpen(t, filepath.Join(dir, "bets.csv"), Options{})
	var want []lottery.Bet
	for id := lottery.AgencyID(1); id <= 5; id++ {
		var of []lottery.Bet
		for _, b := range bets {
			if b.Agency == id {
				of = append(of, b)
			}
		}
		if _, err := s.StoreBets(id, 0, of, recordsOf(of)); err != nil {
			t.Fatal(err)
		}
		want = append(want, of...)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var got []lottery.Bet
	// As the course's load_bets opens it: with newline translation.
	if err := json.Unmarshal(python(t, dir, "NEWLINE = None"+loadInPython), &got); err != nil {
		t.Fatal(err)
	}
	equalBets(t, got, want)
}

// TestPythonReadsWhatWeAccept compares the two readers on rows that no writer
// makes: quotes and line breaks in odd places.
func TestPythonReadsWhatWeAccept(t *testing.T) {
	random := rand.New(rand.NewPCG(7574, 2))
	pieces := []string{`"`, `"`, `"`, `""`, ",", "\r\n", "\n", "a", " ", "ñ"}
	var file []byte
	var want []lottery.Bet
	for tried := 0; tried < 200_000 && len(want) < 3000; tried++ {
		var name string
		for range random.IntN(8) {
			name += pieces[random.IntN(len(pieces))]
		}
		row := fmt.Sprintf("1,%s,Paz,12,1999-03-17,7\n", name)
		if bets, err := readRows(row); err == nil {
			file, want = append(file, row...), append(want, bets...)
		}
	}
	if len(want) < 500 {
		t.Fatalf("only %d rows accepted", len(want))
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bets.csv"), file, 0o644); err != nil {
		t.Fatal(err)
	}
	var got []lottery.Bet
	if err := json.Unmarshal(python(t, dir, "NEWLINE = ''"+loadInPython), &got); err != nil {
		t.Fatal(err)
	}
	equalBets(t, got, want)
}

// readRows gives all bets of rows, unless one is not right.
func readRows(rows string) (bets []lottery.Bet, err error) {
	for bet, err := range LoadBets(betcsv.NewReader(strings.NewReader(rows))) {
		if err != nil {
			return nil, err
		}
		bets = append(bets, *bet)
	}
	return bets, nil
}
