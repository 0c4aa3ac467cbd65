//go:build unix

package shell

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// interruptions are the ways to interrupt a target.
var interruptions = []struct {
	name string
	send func(pid int) error
}{
	{"Ctrl-C", func(pid int) error { return syscall.Kill(-pid, syscall.SIGINT) }},
	{"SIGTERM to make", func(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) }},
	{"SIGTERM to all", func(pid int) error { return syscall.Kill(-pid, syscall.SIGTERM) }},
}

// TestEveryTargetHasATemporaryFolder checks that scripts/with-tempdir.sh runs the commands
// of the Makefile.
func TestEveryTargetHasATemporaryFolder(t *testing.T) {
	makefile, err := os.ReadFile("../../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^\t.*(\bgo (build|run|test)|scripts/\w+\.sh).*$`).FindAllString(string(makefile), -1)
	if len(lines) < 10 {
		t.Errorf("only %d lines run something: %q", len(lines), lines)
	}
	for _, line := range lines {
		if !strings.Contains(line, "$(TEMPORAL) ") {
			t.Errorf("without a folder that is removed:%s", line)
		}
	}
}

// TestInterrupted interrupts targets of the Makefile. No file stays in the temporary folder,
// and no process runs on.
func TestInterrupted(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("no make on this machine")
	}
	for _, target := range []struct {
		name   string
		moment string // when a line with this text comes; "" = when a temporary file exists
	}{
		{"build", ""},
		{"demo", ""},
		{"demo", "compilando"},
		{"demo", "apuestas almacenadas"},
		{"test", "análisis estático"},
	} {
		for _, how := range interruptions {
			t.Run(target.name+" at "+target.moment+" by "+how.name, func(t *testing.T) {
				testInterrupted(t, target.name, target.moment, how.send)
			})
		}
	}
}

func testInterrupted(t *testing.T, target, moment string, interrupt func(pid int) error) {
	temp := t.TempDir()
	cmd := exec.Command("make", target)
	cmd.Dir = "../../.."
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	alive, inherited, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer alive.Close()
	cmd.ExtraFiles = []*os.File{inherited} // all processes of the target inherit it
	p := processtest.Start(t, cmd)
	inherited.Close()
	if moment != "" {
		p.Await(moment)
	} else {
		awaitFile(t, filepath.Join(temp, "*", "*"))
	}
	if err := interrupt(p.Pid()); err != nil {
		t.Fatal(err)
	}
	p.Wait() // any exit status: a fast target may have finished
	if left, err := filepath.Glob(filepath.Join(temp, "*")); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary folder: %q %v", left, err)
	}
	alive.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadAll(alive); err != nil {
		t.Errorf("a process was left running: %v", err)
	}
}

// awaitFile waits until a file matches the pattern.
func awaitFile(t *testing.T, pattern string) {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(time.Millisecond) {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return
		}
	}
	t.Fatalf("no file matches %s", pattern)
}
