package containers

import (
	"bufio"
	"fmt"
	"iter"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
)

// follower reads what `docker compose logs -f` shows. Compose is not always
// faithful (see speaker), so it also tells what compose has shown from what the
// containers have said, which `docker logs` knows.
type follower struct {
	system
	seen  []string       // each line after the time of its arrival
	shown map[string]int // how many lines of each container
}

// follow yields what `docker compose logs -f` shows, as it shows it, until the
// caller has seen enough. A line that is not understood, or none in a long time,
// fails the test. As in the course's suite, standard error is part of it.
func (s system) follow() iter.Seq[entry] {
	s.Helper()
	cmd := exec.Command("docker", "compose", "-f", "docker-compose-dev.yaml", "logs", "-f")
	cmd.Dir = project
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	ended := make(chan struct{})
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			select {
			case lines <- scanner.Text():
			case <-ended:
			}
		}
	}()
	f := &follower{system: s, shown: make(map[string]int)}
	s.Cleanup(func() {
		close(ended)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if s.Failed() {
			f.report()
		}
	})
	return func(yield func(entry) bool) {
		s.Helper()
		for {
			select {
			case text, ok := <-lines:
				if !ok {
					s.Fatal("docker compose logs -f ended")
				}
				if !yield(f.entry(text)) {
					return
				}
			case <-time.After(patience):
				s.Fatalf("nothing more to see in %v", patience)
			}
		}
	}
}

// entry takes in the next line that compose shows.
func (f *follower) entry(text string) entry {
	f.Helper()
	f.seen = append(f.seen, time.Now().UTC().Format("15:04:05.000 ")+text)
	e, err := parseEntry(text)
	if err != nil {
		source, known := f.speaker(text)
		if !known {
			f.Fatal(err)
		}
		f.Logf("compose left out the prefix of a line of %s: %q", source, text)
		if e, err = parseEntry(source + " | " + text); err != nil {
			f.Fatal(err)
		}
	}
	if !e.exited {
		f.shown[e.source]++
	}
	return e
}

// speaker finds out who said a line that compose shows without its container's
// name.
//
// Compose before 2.39 does that now and then: while it attaches to a container it
// puts the container's presenter where the goroutine that prints its lines finds
// it, and only then gives it its prefix (register in cmd/formatter/logs.go). It
// can happen to lines that are older than the following, whoever wrote them.
func (f *follower) speaker(text string) (container string, known bool) {
	f.Helper()
	said := make(map[string][]spoken)
	for _, name := range f.containers() {
		said[name] = f.said(name)
	}
	return speaker(text, said, f.shown)
}

// speaker returns the one container that has said a line of which compose, which
// keeps the order of each container's lines, has that one to show next.
func speaker(text string, said map[string][]spoken, shown map[string]int) (container string, known bool) {
	if _, err := logtest.ParseLine(text); err != nil {
		return "", false
	}
	found := 0
	for name, lines := range said {
		if next := shown[name]; next < len(lines) && lines[next].text == text {
			container = name
			found++
		}
	}
	return container, found == 1
}

// report shows, beside what compose has shown, what every container has said, so
// that a line that compose lost is not taken for one that was never written.
func (f *follower) report() {
	f.Helper()
	f.Logf("docker compose logs -f has shown:\n%s", strings.Join(f.seen, "\n"))
	for _, name := range f.containers() {
		said := f.said(name)
		var all strings.Builder
		for _, line := range said {
			fmt.Fprintf(&all, "\n%s %s", line.time, line.text)
		}
		f.Logf("%s has said %d lines, of which compose has shown %d:%s", name, len(said), f.shown[name], &all)
	}
}

// containers returns the names of the system's containers.
func (s system) containers() []string {
	s.Helper()
	names, err := output(project, "docker", "ps", "--all", "--format", "{{.Names}}",
		"--filter", "label=com.docker.compose.project=tp0")
	if err != nil {
		s.Error(err)
	}
	return slices.Sorted(strings.FieldsSeq(names))
}

// spoken is a line that a container has said, and when the engine took it in.
type spoken struct{ time, text string }

// said returns what a container has said since it was created.
func (s system) said(container string) []spoken {
	s.Helper()
	text, err := output(project, "docker", "logs", "--timestamps", container)
	if err != nil {
		s.Error(err)
	}
	var lines []spoken
	for line := range strings.Lines(text) {
		time, said, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		lines = append(lines, spoken{time, said})
	}
	return lines
}

func TestSpeaker(t *testing.T) {
	const (
		config1 = "2024-08-21 22:11:15 INFO     action: config | result: success | client_id: 1"
		config2 = "2024-08-21 22:11:15 INFO     action: config | result: success | client_id: 2"
		open    = "2024-08-21 22:11:16 INFO     action: open | result: success"
	)
	said := map[string][]spoken{
		"server":  nil,
		"client1": {{"", config1}, {"", open}, {"", "panic"}},
		"client2": {{"", config2}, {"", open}},
	}
	for _, test := range []struct {
		text           string
		shown1, shown2 int
		want           string
	}{
		{config2, 0, 0, "client2"},
		{open, 1, 0, "client1"},
		{open, 1, 1, ""},    // either of them
		{config2, 1, 1, ""}, // it was shown
		{config1 + "0", 0, 0, ""},
		{"panic", 2, 2, ""}, // no line of ours
	} {
		shown := map[string]int{"client1": test.shown1, "client2": test.shown2}
		if got, known := speaker(test.text, said, shown); known != (test.want != "") || known && got != test.want {
			t.Errorf("%q with %v shown: said by %q, %v, want %q", test.text, shown, got, known, test.want)
		}
	}
}
