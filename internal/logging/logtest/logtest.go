// Package logtest catches what is logged, and parses it, for tests.
package logtest

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
)

// Capture catches what the whole process logs, at a level and above, from now to
// the end of the test. The function that it returns gives the lines so far,
// without their time; nothing may be logged meanwhile.
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
