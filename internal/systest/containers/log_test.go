package containers

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
)

// entry is a line of `docker compose logs -f`: a line of a container's log, or the exit
// line of a container.
type entry struct {
	source string // the container
	logtest.Line
	exited bool // it is an exit line
	status int  // the exit status
}

// Docker Compose clears the terminal's line before an exit line, even if its output is no
// terminal.
var (
	exitLine = regexp.MustCompile(`^(?:\r\x1b\[K)?(\S+) exited with code (\d+)$`)
	logLine  = regexp.MustCompile(`^(\S+) +\| (.*)$`)
)

// parseEntry parses a line. It fails for a line that the course's suite does not
// understand.
func parseEntry(text string) (entry, error) {
	if parts := exitLine.FindStringSubmatch(text); parts != nil {
		status, err := strconv.Atoi(parts[2])
		return entry{source: parts[1], exited: true, status: status}, err
	}
	parts := logLine.FindStringSubmatch(text)
	if parts == nil {
		return entry{}, fmt.Errorf("neither a line of a container's log nor an exit line: %q", text)
	}
	line, err := logtest.ParseLine(parts[2])
	if err != nil {
		return entry{}, fmt.Errorf("%w: %q", err, text)
	}
	return entry{source: parts[1], Line: line}, nil
}

// number returns the value of a key as a number.
func (e entry) number(t testing.TB, key string) int {
	t.Helper()
	n, err := strconv.Atoi(e.Keys[key])
	if err != nil {
		t.Fatalf("%s: %s has no number as %s: %v", e.source, e.Action, key, e.Keys)
	}
	return n
}

func TestParseEntry(t *testing.T) {
	const line = "2024-08-21 22:11:15 INFO     action: apuesta_recibida | result: success | cantidad: 64"
	got, err := parseEntry("server   | " + line)
	if err != nil || got.source != "server" || got.Action != "apuesta_recibida" || got.number(t, "cantidad") != 64 || got.exited {
		t.Errorf("%+v, %v", got, err)
	}
	for _, clear := range []string{"", "\r\x1b[K"} {
		got, err = parseEntry(clear + "client12 exited with code 137")
		if err != nil || got.source != "client12" || !got.exited || got.status != 137 {
			t.Errorf("%+v, %v", got, err)
		}
	}
	for _, text := range []string{
		"", line, "server", "server | ", "server | panic: x", "exited with code 0", "client1 exited with code x",
		"client1 | x exited with code 0", "server | 2024-08-21 22:11:15 INFO     action: a | result: ok",
		"server | 2024-08-21 22:11:15 INFO     action: a | result: success | msg: a|b",
	} {
		if got, err := parseEntry(text); err == nil {
			t.Errorf("%q: accepted as %+v", text, got)
		}
	}
}
