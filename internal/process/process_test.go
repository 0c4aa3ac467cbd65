package process

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// start starts a shell script, and kills it at the end of the test.
func start(t *testing.T, script string, onLine func(string)) (*Process, io.Writer) {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Start("the script", cmd, onLine)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p, input
}

func TestOutput(t *testing.T) {
	var passed []string // to onLine
	p, _ := start(t, `printf 'a\nb'; echo oops >&2; printf 'c\n\nlast one'`, func(line string) { passed = append(passed, line) })
	<-p.Done()
	want := []string{"a", "bc", "", "last one"}
	if !slices.Equal(p.Lines(), want) || !slices.Equal(passed, want) || !slices.Equal(p.ErrorLines(), []string{"oops"}) {
		t.Errorf("lines %q, passed on %q, want %q; errors %q", p.Lines(), passed, want, p.ErrorLines())
	}
	if p.ExitStatus() != 0 || p.Err() != nil {
		t.Errorf("exit status %d, %v", p.ExitStatus(), p.Err())
	}
}

func TestErrShowsTheLastLines(t *testing.T) {
	p, _ := start(t, "for i in 1 2 3 4 5 6 7 8 9; do echo line $i; done; echo oops >&2; exit 3", nil)
	<-p.Done()
	if p.ExitStatus() != 3 {
		t.Errorf("exit status %d", p.ExitStatus())
	}
	lines := strings.Split(p.Err().Error(), "\n    ")
	if len(lines) != 1+lastLines || lines[0] != "the script: exit status 3" || lines[1] != "line 3" || lines[lastLines] != "oops" {
		t.Errorf("%q", lines)
	}
}

func TestStartFails(t *testing.T) {
	if _, err := Start("the program", exec.Command("/no/such/program"), nil); err == nil || !strings.Contains(err.Error(), "the program: ") {
		t.Errorf("%v", err)
	}
}

func TestWaitLines(t *testing.T) {
	p, input := start(t, "exec cat", nil)
	io.WriteString(input, "one\ntwo\n")
	if got, err := p.WaitLines(t.Context(), "o", 2); err != nil || !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("%q, %v", got, err)
	}
	late := make(chan error)
	go func() {
		got, err := p.WaitLines(t.Context(), "o", 3)
		if err == nil && got[2] != "or so" {
			err = errors.New(got[2])
		}
		late <- err
	}()
	io.WriteString(input, "three\nor so\nor more\n")
	if err := <-late; err != nil {
		t.Error(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := p.WaitLines(short, "four", 1); err == nil || !strings.Contains(err.Error(), "deadline exceeded after 0 of 1 lines") {
		t.Errorf("%v", err)
	}
	go func() {
		_, err := p.WaitLines(t.Context(), "two", 2)
		late <- err
	}()
	p.Signal(syscall.SIGTERM)
	if err := <-late; err == nil || !strings.Contains(err.Error(), "signal: terminated after 1 of 2 lines") {
		t.Errorf("%v", err)
	}
}

// The child of the script keeps the output open, so without the child's end Kill would
// not return.
func TestKillEndsTheChildrenToo(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("on Linux only")
	}
	p, _ := start(t, "echo ready; sleep 60; true", nil)
	if _, err := p.WaitLines(t.Context(), "ready", 1); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	p.Kill()
	if took := time.Since(begin); took > 30*time.Second || p.ExitStatus() != -1 {
		t.Errorf("exit status %d after %v", p.ExitStatus(), took)
	}
}

// Stop ends a process that obeys SIGTERM, and one that ignores it.
func TestStop(t *testing.T) {
	obeys, _ := start(t, "exec cat", nil)
	ignores, _ := start(t, "trap '' TERM; echo ready; exec cat", nil)
	if _, err := ignores.WaitLines(t.Context(), "ready", 1); err != nil {
		t.Fatal(err)
	}
	Stop(ignores, obeys)
	for p, want := range map[*Process]string{obeys: "terminated", ignores: "killed"} {
		if err := p.Err(); err == nil || !strings.Contains(err.Error(), want) || p.ExitStatus() != -1 {
			t.Errorf("ended with %v, want %s", err, want)
		}
	}
}

func TestWaitAll(t *testing.T) {
	ends, _ := start(t, "exit 0", nil)
	fails, _ := start(t, "exit 7", nil)
	runs, _ := start(t, "exec cat", nil)
	if err := WaitAll(t.Context(), runs, ends, ends); err != nil {
		t.Error(err)
	}
	if err := WaitAll(t.Context(), nil, runs, fails); err == nil || !strings.Contains(err.Error(), "exit status 7") {
		t.Errorf("one of them fails: %v", err)
	}
	if err := WaitAll(t.Context(), ends, runs); err == nil || !strings.Contains(err.Error(), "ended before its clients") {
		t.Errorf("the server ends: %v", err)
	}
	if err := WaitAll(t.Context(), fails, runs); err == nil || !strings.Contains(err.Error(), "exit status 7") {
		t.Errorf("the server fails: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := WaitAll(ctx, nil, runs); !errors.Is(err, context.Canceled) {
		t.Errorf("the context ends: %v", err)
	}
}

// TestPeakMemory starts a small program from a large process.
func TestPeakMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux shows a process's peak memory")
	}
	const large = 64 << 20
	memory := bytes.Repeat([]byte{1}, large)
	p, _ := start(t, "exec cat", nil)
	p.WatchMemory()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for begin := time.Now(); p.PeakMemory() == 0 && time.Since(begin) < time.Minute; <-tick.C {
	}
	p.Kill()
	runtime.KeepAlive(memory)
	if peak := p.PeakMemory(); peak <= 0 || peak > large/2 {
		t.Errorf("cat took %d bytes", peak)
	}
}

func TestCommand(t *testing.T) {
	t.Setenv("CLI_ID", "9")
	t.Setenv("SERVER_PORT", "9")
	t.Setenv("NOMBRE", "Ana")
	t.Setenv("KEPT", "yes")
	cmd := Command("program", "folder", "CLI_ID=1")
	env := strings.Join(cmd.Env, "\n") + "\n"
	if strings.Contains(env, "=9\n") || strings.Contains(env, "NOMBRE=") ||
		!strings.Contains(env, "KEPT=yes\n") || !strings.Contains(env, "CLI_ID=1\n") {
		t.Errorf("environment:\n%s", env)
	}
	if os.Getenv("PATH") != "" && !strings.Contains(env, "PATH=") {
		t.Error("PATH was lost")
	}
	if cmd.Dir != "folder" {
		t.Errorf("runs in %s", cmd.Dir)
	}
}

func TestFreePort(t *testing.T) {
	first, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	if second, err := FreePort(); err != nil || second == first || first < 1024 {
		t.Errorf("ports %s and %s, %v", strconv.Itoa(first), strconv.Itoa(second), err)
	}
}
