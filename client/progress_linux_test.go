package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// openTerminal returns both ends of a pseudo terminal: the program's and the user's.
func openTerminal(t *testing.T) (terminal, user *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo terminals: %v", err)
	}
	t.Cleanup(func() { user.Close() })
	control, err := user.SyscallConn() // user.Fd() would make reads block
	if err != nil {
		t.Fatal(err)
	}
	var number int
	var failed error
	err = control.Control(func(fd uintptr) {
		failed = errors.Join(
			unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0), // unlocks the terminal
			unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}))
		if failed == nil {
			number, failed = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err = errors.Join(err, failed); err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return terminal, user
}

// onTerminal returns a client that uploads 20 batches, with its output and errors
// on a terminal.
func onTerminal(t *testing.T, terminal *os.File, server string) *exec.Cmd {
	t.Helper()
	cmd := program(t, []string{server, fmt.Sprintf("CLI_BATCH_MAXAMOUNT=%d", dataRows/20), "CLI_LOOP_PERIOD=20ms"})
	cmd.Stdout, cmd.Stderr = terminal, terminal
	writeData(t, cmd.Dir)
	return cmd
}

// escapes match what moves the cursor, and the text of the bar.
var escapes = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]|agencia 1 .*`)

// On a terminal all lines of the log appear above the progress bar, each whole.
func TestLogAboveTheProgressBar(t *testing.T) {
	terminal, user := openTerminal(t)
	p := processtest.Start(t, onTerminal(t, terminal, listen(t, answers).env()))
	shown := make(chan string)
	go func() {
		screen, _ := io.ReadAll(user) // EIO when the terminal is closed
		shown <- string(screen)
	}()
	if status := p.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	terminal.Close() // ends the read of the screen
	screen := <-shown
	if !strings.Contains(screen, "agencia 1 ") || !strings.Contains(screen, "100 %") {
		t.Errorf("shows no progress bar")
	}
	var text []string
	for line := range strings.Lines(escapes.ReplaceAllString(screen, "")) {
		if line = strings.Trim(line, "\r\n"); line != "" {
			text = append(text, line)
		}
	}
	lines := logtest.ParseLines(t, text)
	for action, want := range map[string]int{"config": 1, "lote_enviado": 20, "close_connection": 1, "consulta_ganadores": 1} {
		if got := len(logtest.Select(lines, action, "success")); got != want {
			t.Errorf("%s is logged %d times, want %d", action, got, want)
		}
	}
	if t.Failed() {
		t.Logf("the terminal shows %q", screen)
	}
}

// A terminal shows nothing, as after Ctrl-S. The client goes on, and it stops.
func TestStalledTerminal(t *testing.T) {
	terminal, _ := openTerminal(t)
	processtest.Fill(t, terminal)
	c := listen(t, waiting)
	p := processtest.Start(t, onTerminal(t, terminal, c.env()))
	c.await(t)
	if took := p.Stop(syscall.SIGTERM); took > processtest.StopLimit {
		t.Errorf("stopped after %v", took)
	}
}
