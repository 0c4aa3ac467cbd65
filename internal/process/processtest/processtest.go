// Package processtest runs programs under test as child processes, and fails the
// test where they do not do what it waits for. A child ends with its test.
package processtest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
)

// waitLimit bounds every wait for a child, on a loaded machine with the race
// detector. A wait that takes longer fails the test.
const waitLimit = 60 * time.Second

// Process is a child process of a test.
type Process struct {
	*process.Process
	t testing.TB
}

// Start starts a command. At the end of the test it kills the child, if that
// still runs, and shows its output, if the test has failed.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p, err := process.Start(filepath.Base(cmd.Path), cmd, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("the output of %s %q:\n%s", cmd.Path, cmd.Args[1:], strings.Join(append(p.Lines(), p.Errors()...), "\n"))
		}
	})
	return &Process{p, t}
}

// Await waits for a line on the standard output that contains the text, and
// returns the first.
func (p *Process) Await(text string) string {
	p.t.Helper()
	return p.AwaitMany(text, 1)[0]
}

// AwaitMany waits for n lines that contain the text, and returns them.
func (p *Process) AwaitMany(text string, n int) []string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), waitLimit)
	defer cancel()
	lines, err := p.WaitLines(ctx, text, n)
	if err != nil {
		p.t.Fatal(err)
	}
	return lines
}

// Wait waits for the end and returns the exit status, -1 if a signal ended the
// process.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.Done():
	case <-time.After(waitLimit):
		p.Signal(syscall.SIGQUIT) // shows the goroutines
		<-p.Done()
		p.t.Fatalf("it still ran after %v", waitLimit)
	}
	return p.ExitStatus()
}

// Stop sends a signal, waits for the end and returns how long that took. The
// exit status must be 0.
func (p *Process) Stop(signal os.Signal) time.Duration {
	p.t.Helper()
	start := time.Now()
	p.Signal(signal)
	if status := p.Wait(); status != 0 {
		p.t.Errorf("exit status %d after %v, want 0", status, signal)
	}
	return time.Since(start)
}
