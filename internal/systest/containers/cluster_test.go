package containers

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCluster kills a central and a NATS server during the uploads. The agencies go on
// with the other centrals, and every agency gets its winners from one draw. The log has
// every bet once.
func TestCluster(t *testing.T) {
	files := []dataFile{{800, 3}, {800, 0}}
	s := startCluster(t, len(files))
	s.clientConfig(5, "20ms", "INFO", 10)
	for i, f := range files {
		s.writeDataFile(i+1, f)
	}
	s.up()
	for received := 0; received < 200; time.Sleep(50 * time.Millisecond) {
		if received = s.receivedBy("server1", "server2", "server3"); received >= 1600 {
			t.Fatal("all bets were stored before the kill")
		}
	}
	killed, survivors := s.centralsByBets()
	s.run("docker", "kill", killed, "nats1")
	s.checkEcho("success", 0) // by another central
	s.wait(clients(len(files))...)
	s.checkClients(files)
	s.checkDraws(survivors)
	s.checkRows(len(files), s.exported(survivors[0]))
	s.stop()
	for _, name := range append(survivors, "nats2", "nats3") {
		s.await(name, "{{.State.Status}} {{.State.ExitCode}}", "exited 0")
	}
}

// startCluster is start for three centrals. It skips the test where the image of NATS
// cannot be had.
func startCluster(t *testing.T, n int) system {
	t.Helper()
	s := start(t, n, "agencias", "--centrales", "3")
	image := ""
	for line := range strings.Lines(s.compose("config", "--images")) {
		if strings.HasPrefix(line, "nats:") {
			image = strings.TrimSpace(line)
		}
	}
	if _, err := output(project, "docker", "image", "inspect", image); err != nil {
		if _, err := output(project, "docker", "pull", "--quiet", image); err != nil {
			t.Skipf("there is no image %q: %v", image, err)
		}
	}
	return s
}

// receivedBy returns how many bets these centrals have stored, according to their logs.
func (s system) receivedBy(centrals ...string) int {
	s.Helper()
	bets := 0
	for _, central := range centrals {
		for _, e := range s.log(central) {
			if e.Action == "apuesta_recibida" && e.Result == "success" {
				bets += e.number(s, "cantidad")
			}
		}
	}
	return bets
}

// centralsByBets returns the central that has stored most bets, and the others.
func (s system) centralsByBets() (busiest string, others []string) {
	s.Helper()
	names := []string{"server1", "server2", "server3"}
	slices.SortFunc(names, func(a, b string) int { return s.receivedBy(b) - s.receivedBy(a) })
	return names[0], names[1:]
}

// checkDraws checks that one of these centrals has held the draw, and that the others
// have seen it.
func (s system) checkDraws(centrals []string) {
	s.Helper()
	draws := map[string]int{}
	for _, name := range centrals {
		for _, e := range s.log(name) {
			if strings.HasPrefix(e.Action, "sorteo") {
				draws[e.Action]++
			}
		}
	}
	if draws["sorteo"] != 1 || draws["sorteo_observado"] != len(centrals)-1 || len(draws) != 2 {
		s.Errorf("the centrals have logged %v", draws)
	}
}

// exported returns the rows that a central writes with -export, sorted.
func (s system) exported(central string) []string {
	s.Helper()
	s.run("docker", "exec", central, "/server", "-export", "/data/export")
	return s.sortedRows(s.copied(central + ":/data/export/bets.csv"))
}
