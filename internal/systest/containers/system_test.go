package containers

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// system is the system in containers, from the copy of the project. Only one test uses it
// at a time.
type system struct{ *testing.T }

// needContainers skips a test where there are no containers. A test with subtests calls it
// first, because it would pass if only its subtests were skipped.
func needContainers(t *testing.T) {
	t.Helper()
	if project == "" {
		t.Skip("container tests run with CONTAINERS=1 and a Docker engine")
	}
}

// start prepares the system: the committed configuration, no data files, and the Compose
// file of a scenario with n clients, with the options of generar-compose.sh. It starts no
// container. The end of the test removes all containers and volumes.
func start(t *testing.T, n int, scenario string, options ...string) system {
	t.Helper()
	needContainers(t)
	s := system{t}
	for _, name := range []string{"client/config.yaml", "server/config.ini"} {
		if err := copyFile(filepath.Join("../../..", name), filepath.Join(project, name)); err != nil {
			t.Fatal(err)
		}
	}
	data, err := filepath.Glob(filepath.Join(project, ".data/*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range data {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	s.run("bash", append([]string{"generar-compose.sh", "docker-compose-dev.yaml", fmt.Sprint(n), scenario}, options...)...)
	t.Cleanup(func() { s.down() })
	return s
}

// run runs a command in the project's folder, and returns its output.
func (s system) run(name string, args ...string) string {
	s.Helper()
	out, err := output(project, name, args...)
	if err != nil {
		s.Fatal(err)
	}
	return out
}

// compose runs docker compose with the generated file.
func (s system) compose(args ...string) string {
	s.Helper()
	return s.run("docker", append([]string{"compose", "-f", "docker-compose-dev.yaml"}, args...)...)
}

func (s system) up()   { s.Helper(); s.compose("up", "-d") }
func (s system) stop() { s.Helper(); s.compose("stop", "-t", "1") }
func (s system) down() { s.Helper(); s.compose("down", "-v", "-t", "1") }

// write replaces a file of the project.
func (s system) write(name, content string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(project, name), []byte(content), 0o644); err != nil {
		s.Fatal(err)
	}
}

// clientConfig replaces client/config.yaml by one with the skeleton's keys alone.
func (s system) clientConfig(loopAmount int, loopPeriod, level string, maxAmount int) {
	s.Helper()
	s.write("client/config.yaml", fmt.Sprintf("server:\n  address: \"server:12345\"\n"+
		"loop:\n  amount: %d\n  period: %q\nlog:\n  level: %q\nbatch:\n  maxAmount: %d\n",
		loopAmount, loopPeriod, level, maxAmount))
}

// serverConfig replaces server/config.ini by one with the skeleton's keys alone.
func (s system) serverConfig(backlog int, level string) {
	s.Helper()
	s.write("server/config.ini", fmt.Sprintf("[DEFAULT]\nSERVER_PORT = 12345\nSERVER_IP = server\n"+
		"SERVER_LISTEN_BACKLOG = %d\nLOGGING_LEVEL = %s", backlog, level))
}

// log returns the log of a container since its creation.
func (s system) log(container string) []entry {
	s.Helper()
	var entries []entry
	for text := range strings.Lines(s.run("docker", "logs", container)) {
		e, err := parseEntry(container + " | " + strings.TrimSuffix(text, "\n"))
		if err != nil {
			s.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries
}

// wait waits until containers have ended, each with exit status 0.
func (s system) wait(containers ...string) {
	s.Helper()
	statuses, err := outputWithin(waitLimit, project, "docker", append([]string{"wait"}, containers...)...)
	if err != nil {
		s.Fatal(err)
	}
	for i, status := range strings.Fields(statuses) {
		if status != "0" {
			s.Errorf("%s: exit status %s", containers[i], status)
		}
	}
}

// stored returns the rows of the server's bets.csv, sorted.
func (s system) stored() []string {
	s.Helper()
	return s.sortedRows(s.copied("server:/data/bets.csv"))
}

// copied copies a file of a container, CONTAINER:PATH, and returns the copy's path.
func (s system) copied(file string) string {
	s.Helper()
	name := filepath.Join(s.TempDir(), "copy")
	s.run("docker", "cp", file, name)
	return name
}

// sortedRows returns the rows of a file, sorted.
func (s system) sortedRows(name string) []string {
	s.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		s.Fatal(err)
	}
	rows := slices.Collect(strings.Lines(string(content)))
	slices.Sort(rows)
	return rows
}

// clients returns the names of clients 1 to n.
func clients(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("client%d", i+1)
	}
	return names
}
