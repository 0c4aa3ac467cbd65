package containers

import (
	"context"
	"fmt"
	"iter"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
)

// waitLimit bounds each wait for something to happen in a container.
const waitLimit = 90 * time.Second

// follower reads the lines of `docker compose logs -f`. Docker Compose sometimes leaves
// out a part of a line (see sourceOf). A failed test therefore also prints the lines of
// `docker logs`.
type follower struct {
	system
	seen  []string       // each line, with the time of its arrival before it
	shown map[string]int // how many lines of each container were shown
}

// follow yields the lines of `docker compose logs -f` as they come, until the loop ends.
// The test fails at a line in another format, at a line on standard error, and if no
// line comes within waitLimit.
func (s system) follow() iter.Seq[entry] {
	s.Helper()
	cmd := exec.Command("docker", "compose", "-f", "docker-compose-dev.yaml", "logs", "-f")
	cmd.Dir = project
	p, err := process.Start("docker compose logs -f", cmd, nil)
	if err != nil {
		s.Fatal(err)
	}
	f := &follower{system: s, shown: make(map[string]int)}
	s.Cleanup(func() {
		process.Stop(p)
		if s.Failed() {
			f.report()
		}
	})
	return func(yield func(entry) bool) {
		s.Helper()
		for n := 1; ; n++ {
			ctx, cancel := context.WithTimeout(s.Context(), waitLimit)
			lines, err := p.WaitLines(ctx, "", n)
			cancel()
			if err != nil {
				s.Fatal(err)
			}
			if lines := p.ErrorLines(); len(lines) > 0 {
				s.Fatalf("docker compose logs -f prints on stderr: %q", lines)
			}
			if !yield(f.entry(lines[n-1])) {
				return
			}
		}
	}
}

// entry parses the next line that Docker Compose shows.
func (f *follower) entry(text string) entry {
	f.Helper()
	f.seen = append(f.seen, time.Now().UTC().Format("15:04:05.000 ")+text)
	e, err := parseEntry(text)
	if err != nil {
		source, known := f.sourceOf(text)
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

// sourceOf finds the container of a line that Docker Compose shows without the name of
// the container.
//
// Docker Compose before 2.39 has a race (register in cmd/formatter/logs.go): it
// publishes a container's presenter, which prints the lines, before it sets the prefix
// with the name. The race concerns lines that were logged before "logs -f" started.
func (f *follower) sourceOf(text string) (container string, known bool) {
	f.Helper()
	logs := make(map[string][]timedLine)
	for _, name := range f.containers() {
		logs[name] = f.timedLog(name)
	}
	return sourceOf(text, logs, f.shown)
}

// sourceOf returns the container whose next line is the text: Docker Compose keeps the
// order of each container's lines. It returns false if several containers fit.
func sourceOf(text string, logs map[string][]timedLine, shown map[string]int) (container string, known bool) {
	if _, err := logtest.ParseLine(text); err != nil {
		return "", false
	}
	found := 0
	for name, lines := range logs {
		if next := shown[name]; next < len(lines) && lines[next].text == text {
			container = name
			found++
		}
	}
	return container, found == 1
}

// report prints what Docker Compose has shown and what every container has logged. The
// difference is what Docker Compose has lost.
func (f *follower) report() {
	f.Helper()
	f.Logf("docker compose logs -f has shown:\n%s", strings.Join(f.seen, "\n"))
	for _, name := range f.containers() {
		lines := f.timedLog(name)
		var all strings.Builder
		for _, line := range lines {
			fmt.Fprintf(&all, "\n%s %s", line.time, line.text)
		}
		f.Logf("%s has logged %d lines, of which compose has shown %d:%s", name, len(lines), f.shown[name], &all)
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

// timedLine is a line of a container's log, and the time at which the engine received it.
type timedLine struct{ time, text string }

// timedLog returns the log of a container since its creation.
func (s system) timedLog(container string) []timedLine {
	s.Helper()
	log, err := output(project, "docker", "logs", "--timestamps", container)
	if err != nil {
		s.Error(err)
	}
	var lines []timedLine
	for line := range strings.Lines(log) {
		at, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		lines = append(lines, timedLine{at, text})
	}
	return lines
}

func TestSourceOf(t *testing.T) {
	const (
		config1 = "2024-08-21 22:11:15 INFO     action: config | result: success | client_id: 1"
		config2 = "2024-08-21 22:11:15 INFO     action: config | result: success | client_id: 2"
		open    = "2024-08-21 22:11:16 INFO     action: open | result: success"
	)
	logs := map[string][]timedLine{
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
		{"panic", 2, 2, ""}, // not in the format of the log
	} {
		shown := map[string]int{"client1": test.shown1, "client2": test.shown2}
		if got, known := sourceOf(test.text, logs, shown); known != (test.want != "") || known && got != test.want {
			t.Errorf("%q with %v shown: of %q, %v, want %q", test.text, shown, got, known, test.want)
		}
	}
}
