// Package child runs programs under test as child processes: it reads what they
// say line by line, waits for a line, sends signals and tells the exit status.
// A child does not outlive its test.
package child

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for a child, on a loaded machine with the race
// detector. To reach it is a failure.
const patience = 60 * time.Second

// Process is a running child.
type Process struct {
	t   testing.TB
	cmd *exec.Cmd

	done chan struct{} // closed when it has ended and all its output was read

	mu      sync.Mutex
	stdout  []string
	stderr  []string
	changed chan struct{} // closed, and replaced, at each line
}

// Start starts a command. At the end of the test it is killed, if it still runs,
// and shown, if the test has failed.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{t: t, cmd: cmd, done: make(chan struct{}), changed: make(chan struct{})}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() { p.read(stdout, &p.stdout) })
	reading.Go(func() { p.read(stderr, &p.stderr) })
	go func() {
		reading.Wait()
		_ = cmd.Wait() // the status is what ProcessState says
		close(p.done)
	}()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%s %q said:\n%s", cmd.Path, cmd.Args[1:], strings.Join(append(p.Lines(), p.Errors()...), "\n"))
		}
	})
	return p
}

func (p *Process) read(from io.Reader, lines *[]string) {
	for scanner := bufio.NewReader(from); ; {
		line, err := scanner.ReadString('\n')
		if line != "" {
			p.mu.Lock()
			*lines = append(*lines, strings.TrimSuffix(line, "\n"))
			close(p.changed)
			p.changed = make(chan struct{})
			p.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// Lines returns what the process has said on its standard output.
func (p *Process) Lines() []string { return p.said(&p.stdout) }

// Errors returns what the process has said on its standard error.
func (p *Process) Errors() []string { return p.said(&p.stderr) }

func (p *Process) said(lines *[]string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(*lines)
}

// Await waits for a line on the standard output that holds the text, and
// returns the first.
func (p *Process) Await(text string) string {
	p.t.Helper()
	return p.AwaitMany(text, 1)[0]
}

// AwaitMany waits for so many lines that hold the text, and returns them.
func (p *Process) AwaitMany(text string, n int) []string {
	p.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		p.mu.Lock()
		found, changed := Grep(p.stdout, text), p.changed
		p.mu.Unlock()
		if len(found) >= n {
			return found
		}
		select {
		case <-changed:
			continue
		case <-p.done:
			if found = Grep(p.Lines(), text); len(found) >= n {
				return found
			}
			p.t.Fatalf("ended (%v) with %d lines of %q, want %d", p.cmd.ProcessState, len(found), text, n)
		case <-timer.C:
			p.t.Fatalf("%d lines of %q in %v, want %d", len(found), text, patience, n)
		}
	}
}

// Grep returns the lines that hold the text.
func Grep(lines []string, text string) []string {
	var found []string
	for _, line := range lines {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// Pid is the process's id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Signal sends a signal. It is no error if the process has ended.
func (p *Process) Signal(signal os.Signal) { _ = p.cmd.Process.Signal(signal) }

// Kill ends the process with SIGKILL and returns when nothing is left of it.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Done is closed when the process has ended and all it said was read.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the end and returns the exit status, -1 if a signal ended it.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Signal(syscall.SIGQUIT) // shows the goroutines
		<-p.done
		p.t.Fatalf("still there after %v", patience)
	}
	return p.cmd.ProcessState.ExitCode()
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

// Environ is this process's environment without what would configure the two
// programs, and with the given settings.
func Environ(settings ...string) []string {
	ours := []string{"LOGGING_LEVEL", "NOMBRE", "APELLIDO", "DOCUMENTO", "NACIMIENTO", "NUMERO"}
	var env []string
	for _, setting := range os.Environ() {
		name, _, _ := strings.Cut(setting, "=")
		if !strings.HasPrefix(name, "SERVER_") && !strings.HasPrefix(name, "CLI_") && !slices.Contains(ours, name) {
			env = append(env, setting)
		}
	}
	// The race detector would wait for a second at each exit.
	env = append(env, "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	return append(env, settings...)
}
