// Package logtest captures and parses log lines in tests.
package logtest

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
)

// Capture captures the lines of a level and above that the whole process logs, until
// the end of the test. It returns a function that returns the lines so far, without
// their time. No goroutine may log during a call of that function.
func Capture(t testing.TB, level string) func() []string {
	t.Helper()
	var out bytes.Buffer
	if err := logging.Setup(&out, level); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = logging.Setup(io.Discard, "DEBUG") })
	return func() []string {
		var lines []string
		for line := range strings.Lines(out.String()) {
			lines = append(lines, strings.TrimSuffix(line[len("2024-08-21 22:11:15 "):], "\n"))
		}
		return lines
	}
}
