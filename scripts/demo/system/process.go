// Package system runs the lottery on this machine: it builds the two programs
// and starts them as child processes, none of which outlives its parent.
package system

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// tailLines is how many of its last lines a process is remembered by.
const tailLines = 8

// Process is a running child. Its standard output and error are read as one
// stream of lines.
type Process struct {
	Name string // as told to the user

	cmd   *exec.Cmd
	lines lineReader
	done  chan struct{}
	err   error // set before done is closed

	peakMemory atomic.Int64
}

// start runs a command in a group of its own, so that a Ctrl-C on the terminal
// reaches the parent alone and it decides in which order to stop the rest.
// Each line of output is passed to onLine, if any, in the order written; the
// slice is valid during the call.
func start(name string, cmd *exec.Cmd, onLine func([]byte)) (*Process, error) {
	p := &Process{Name: name, cmd: cmd, done: make(chan struct{})}
	p.lines.onLine = onLine
	cmd.Stdout, cmd.Stderr = &p.lines, &p.lines
	cmd.SysProcAttr = childAttributes()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("no se pudo iniciar %s: %w", name, err)
	}
	go func() {
		p.err = cmd.Wait()
		p.lines.finish()
		close(p.done)
	}()
	return p, nil
}

// Done is closed when the process has ended and all its output was read.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err tells how the process ended, nil for exit status 0, once Done is closed.
// The error shows the process's last lines.
func (p *Process) Err() error {
	if p.err == nil {
		return nil
	}
	return p.Failure("terminó con " + p.err.Error())
}

// Failure is an error about the process that shows its last lines.
func (p *Process) Failure(what string) error {
	tail := p.lines.last()
	if len(tail) == 0 {
		return fmt.Errorf("%s %s, sin decir nada", p.Name, what)
	}
	return fmt.Errorf("%s %s; lo último que dijo:\n    %s", p.Name, what, strings.Join(tail, "\n    "))
}

// PeakMemory is the largest resident set of the process so far, but for the last
// moments, in bytes; 0 if WatchMemory was not called, or does not learn it.
func (p *Process) PeakMemory() int64 { return p.peakMemory.Load() }

// Interrupt asks the process to stop.
func (p *Process) Interrupt() { p.cmd.Process.Signal(syscall.SIGTERM) } // fails only if it has ended

// Stop asks the processes to stop, all at once, kills those that have not after
// the grace period, and returns when none is left.
func Stop(grace time.Duration, processes ...*Process) {
	for _, p := range processes {
		p.Interrupt()
	}
	deadline := time.NewTimer(grace)
	defer deadline.Stop()
	for _, p := range processes {
		select {
		case <-p.Done():
			continue
		case <-deadline.C:
			deadline.Reset(0) // passed for the others too
		}
		p.cmd.Process.Kill() // fails only if it has ended
		<-p.Done()
	}
}

// lineReader is written a process's output and cuts it into lines.
type lineReader struct {
	onLine func([]byte)

	mu      sync.Mutex // the tail is read while the process runs
	partial []byte
	tail    [tailLines][]byte // a ring
	count   int               // lines seen
}

// maxLine bounds what is kept of one line.
const maxLine = 64 << 10

func (l *lineReader) Write(output []byte) (int, error) {
	n := len(output)
	for {
		i := bytes.IndexByte(output, '\n')
		if i < 0 {
			if len(l.partial) < maxLine {
				l.partial = append(l.partial, output...)
			}
			return n, nil
		}
		line := output[:i]
		if len(l.partial) > 0 {
			l.partial = append(l.partial, line...)
			line = l.partial
		}
		l.emit(line)
		l.partial = l.partial[:0]
		output = output[i+1:]
	}
}

// finish takes what follows the last line break as a line.
func (l *lineReader) finish() {
	if len(l.partial) > 0 {
		l.emit(l.partial)
	}
}

func (l *lineReader) emit(line []byte) {
	l.mu.Lock()
	slot := &l.tail[l.count%tailLines]
	*slot = append((*slot)[:0], line...)
	l.count++
	l.mu.Unlock()
	if l.onLine != nil {
		l.onLine(line)
	}
}

func (l *lineReader) last() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []string
	for i := max(0, l.count-tailLines); i < l.count; i++ {
		lines = append(lines, string(l.tail[i%tailLines]))
	}
	return lines
}

// environment is this process's without what would configure the lottery's
// programs, plus the given settings.
func environment(settings ...string) []string {
	var env []string
	for _, setting := range os.Environ() {
		name, _, _ := strings.Cut(setting, "=")
		switch name {
		case "LOGGING_LEVEL", "NOMBRE", "APELLIDO", "DOCUMENTO", "NACIMIENTO", "NUMERO":
			continue
		}
		if !strings.HasPrefix(name, "SERVER_") && !strings.HasPrefix(name, "CLI_") {
			env = append(env, setting)
		}
	}
	return append(env, settings...)
}
