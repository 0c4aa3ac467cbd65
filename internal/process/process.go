// Package process runs programs as child processes. It reads their output line by line,
// waits for lines, sends signals, and returns the exit status. On Linux a child ends at
// the latest with its parent.
package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Process is a child process. It keeps all lines of its output.
type Process struct {
	name string // for errors
	cmd  *exec.Cmd
	done chan struct{}
	err  error // of cmd.Wait; set before done is closed

	mu             sync.Mutex // guards what follows
	changed        sync.Cond  // signalled at each new line and at the end
	stdout, stderr []string   // lines
	ended          bool

	peakMemory atomic.Int64 // in bytes
}

// Start starts a command. Errors contain the name. One goroutine calls onLine, if it is
// not nil, with each line of the standard output in order. If cmd.Stdout or cmd.Stderr
// is set, Start leaves it as it is, and keeps no lines of it.
//
// On Linux the child gets a process group of its own. A Ctrl-C on the terminal then
// reaches only the parent, which stops its children in an order that it chooses.
func Start(name string, cmd *exec.Cmd, onLine func(line string)) (*Process, error) {
	p := &Process{name: name, cmd: cmd, done: make(chan struct{})}
	p.changed.L = &p.mu
	var stdout, stderr io.Reader
	var err error
	if cmd.Stdout == nil {
		stdout, err = cmd.StdoutPipe()
	}
	if err == nil && cmd.Stderr == nil {
		stderr, err = cmd.StderrPipe()
	}
	if err == nil {
		cmd.SysProcAttr = childAttributes()
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var reading sync.WaitGroup
	if stdout != nil {
		reading.Go(func() { p.read(stdout, &p.stdout, onLine) })
	}
	if stderr != nil {
		reading.Go(func() { p.read(stderr, &p.stderr, nil) })
	}
	go func() {
		reading.Wait() // comes first, because cmd.Wait closes the pipes
		p.end(cmd.Wait())
	}()
	return p, nil
}

// read keeps the lines of one output until it ends.
func (p *Process) read(output io.Reader, lines *[]string, onLine func(string)) {
	for reader := bufio.NewReader(output); ; {
		line, err := reader.ReadString('\n')
		if line != "" {
			line = strings.TrimSuffix(line, "\n")
			p.mu.Lock()
			*lines = append(*lines, line)
			p.changed.Broadcast()
			p.mu.Unlock()
			if onLine != nil {
				onLine(line)
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *Process) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err, p.ended = err, true
	close(p.done)
	p.changed.Broadcast()
}

// Done returns a channel that is closed when the process has ended and all its output
// was read.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err returns nil if the exit status is 0. Otherwise it returns an error that shows the
// last lines of the output. Do not call it before Done is closed.
func (p *Process) Err() error {
	if p.err == nil {
		return nil
	}
	return p.Failure(p.err.Error())
}

// ExitStatus returns the exit status, or -1 if a signal ended the process. Do not call
// it before Done is closed.
func (p *Process) ExitStatus() int { return p.cmd.ProcessState.ExitCode() }

// lastLines is how many lines of output an error shows.
const lastLines = 8

// Failure returns an error with the name of the process, the problem, and the last lines
// of the output.
func (p *Process) Failure(problem string) error {
	lines := append(p.Lines(), p.ErrorLines()...)
	lines = lines[max(0, len(lines)-lastLines):]
	return errors.New(strings.Join(append([]string{p.name + ": " + problem}, lines...), "\n    "))
}

// Lines returns the lines of the standard output so far.
func (p *Process) Lines() []string { return p.copyOf(&p.stdout) }

// ErrorLines returns the lines of the standard error so far.
func (p *Process) ErrorLines() []string { return p.copyOf(&p.stderr) }

func (p *Process) copyOf(lines *[]string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(*lines)
}

// WaitLines waits until n lines of the standard output contain the text, and returns
// these lines. It fails if the process or the context ends before that.
func (p *Process) WaitLines(ctx context.Context, text string, n int) ([]string, error) {
	found := p.waitLines(ctx, text, n)
	if len(found) == n {
		return found, nil
	}
	reason := context.Cause(ctx)
	if reason == nil {
		reason = errors.New(p.cmd.ProcessState.String())
	}
	return nil, p.Failure(fmt.Sprintf("%v after %d of %d lines with %q", reason, len(found), n, text))
}

// waitLines is WaitLines, but if the process or the context ends it returns the lines
// so far.
func (p *Process) waitLines(ctx context.Context, text string, n int) (found []string) {
	stop := context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.changed.Broadcast()
	})
	defer stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for next := 0; ; p.changed.Wait() {
		for ; next < len(p.stdout); next++ {
			if strings.Contains(p.stdout[next], text) {
				found = append(found, p.stdout[next])
			}
			if len(found) == n {
				return found
			}
		}
		if p.ended || ctx.Err() != nil {
			return found
		}
	}
}

// PeakMemory returns the largest resident set of the process so far, in bytes. It may
// miss the growth of the last milliseconds. It returns 0 if WatchMemory was not called,
// and on other systems than Linux.
func (p *Process) PeakMemory() int64 { return p.peakMemory.Load() }

// Pid returns the process's id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Signal sends a signal. It does nothing if the process has ended.
func (p *Process) Signal(signal os.Signal) { _ = p.cmd.Process.Signal(signal) }

// Kill ends the process with SIGKILL, on Linux together with its children. It returns
// after the process has ended.
func (p *Process) Kill() {
	select {
	case <-p.done:
	default:
		_ = signalGroup(p.cmd.Process, syscall.SIGKILL) // fails only if it has ended
		<-p.done
	}
}

// grace is how long Stop waits for a process to stop by itself.
const grace = 3 * time.Second

// Stop sends SIGTERM to all the processes, and after three seconds kills those that
// still run. It returns after all have ended.
func Stop(processes ...*Process) {
	for _, p := range processes {
		p.Signal(syscall.SIGTERM)
	}
	graceOver := time.After(grace)
	for _, p := range processes {
		select {
		case <-p.done:
		case <-graceOver:
			for _, p := range processes {
				p.Kill()
			}
			return
		}
	}
}

// WaitAll waits until all the processes have ended. It fails at once if one of them
// fails, if the server ends, or if the context ends. The server may be nil.
func WaitAll(ctx context.Context, server *Process, processes ...*Process) error {
	var serverDone <-chan struct{}
	if server != nil {
		serverDone = server.done
	}
	ended := make(chan *Process, len(processes))
	for _, p := range processes {
		go func() { <-p.done; ended <- p }()
	}
	for range processes {
		select {
		case p := <-ended:
			if err := p.Err(); err != nil {
				return err
			}
		case <-serverDone:
			if err := server.Err(); err != nil {
				return err
			}
			return server.Failure("ended before its clients")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
