// Package processtest runs programs under test as child processes. A test fails if a
// child does not do what the test waits for. A child ends with its test.
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

// waitLimit is the limit of every wait for a child. It is long enough for a loaded
// machine with the race detector.
const waitLimit = 60 * time.Second

// StopLimit is how long a program may take to stop after a signal. It waits for less than
// half a second: the simulation in server/tcp and the tests of the log show that. The rest
// is for a busy machine. A program that waits for what it must not takes longer: 5 s for a
// log that nobody reads, 10 s for a peer that does not read.
const StopLimit = 4 * time.Second

// Process is a child process of a test.
type Process struct {
	*process.Process
	t testing.TB
}

// Start starts a command. At the end of the test it kills the child if it still runs,
// and shows the output if the test has failed.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p, err := process.Start(filepath.Base(cmd.Path), cmd, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("the output of %s %q:\n%s", cmd.Path, cmd.Args[1:], strings.Join(append(p.Lines(), p.ErrorLines()...), "\n"))
		}
	})
	return &Process{p, t}
}

// Await waits for a line of the standard output that contains the text, and returns the
// first such line.
func (p *Process) Await(text string) string {
	p.t.Helper()
	return p.AwaitMany(text, 1)[0]
}

// AwaitMany waits for n lines of the standard output that contain the text, and returns
// them.
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

// Wait waits until the process has ended. It returns the exit status, or -1 if a signal
// ended the process.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.Done():
	case <-time.After(waitLimit):
		p.Signal(syscall.SIGQUIT) // the program prints its goroutines
		<-p.Done()
		p.t.Fatalf("it still ran after %v", waitLimit)
	}
	return p.ExitStatus()
}

// Stop sends a signal, waits until the process has ended, and returns how long that
// took. The exit status must be 0.
func (p *Process) Stop(signal os.Signal) time.Duration {
	p.t.Helper()
	start := time.Now()
	p.Signal(signal)
	if status := p.Wait(); status != 0 {
		p.t.Errorf("exit status %d after %v, want 0", status, signal)
	}
	return time.Since(start)
}
