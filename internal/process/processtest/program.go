package processtest

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
)

// asProgram is an environment variable. With it the test binary runs the program instead
// of the tests.
const asProgram = "TEST_AS_PROGRAM"

// AsUser is an environment variable for Program: the id of the user that runs the
// program.
const AsUser = "TEST_AS_USER"

// Main is the TestMain of a program's package. It runs all tests. In a child that a
// command of Program has started, it runs the program's main function instead.
func Main(m *testing.M, main func()) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	if id, err := strconv.Atoi(os.Getenv(AsUser)); err == nil {
		becomeUser(id)
	}
	main()
}

// Program returns a command that runs this test binary as the program, in a folder of
// its own. The settings, each NAME=value, are added to its environment.
func Program(t testing.TB, settings ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return process.Command(binary, t.TempDir(), append([]string{asProgram + "=1"}, settings...)...)
}

// FreePort is process.FreePort for a test.
func FreePort(t testing.TB) int {
	t.Helper()
	port, err := process.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// FullPipe returns both ends of a full pipe. The write end is an output for a command;
// only the test reads the pipe. It is closed at the end of the test.
func FullPipe(t testing.TB) (write, read *os.File) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = read.Close(), write.Close() })
	Fill(t, write)
	return write, read
}

// ClosedPipe returns the write end of a pipe, as an output for a command. The read end is
// closed.
func ClosedPipe(t testing.TB) *os.File {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { write.Close() })
	read.Close()
	return write
}

// Fill writes empty lines to a pipe or terminal until it is full.
func Fill(t testing.TB, file *os.File) {
	t.Helper()
	if err := file.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	lines := bytes.Repeat([]byte{'\n'}, 512)
	for full := false; !full; {
		_, err := file.Write(lines)
		full = err != nil
	}
}

// CheckSecondSignal runs a program whose output nobody reads. After the first SIGTERM
// the program stops, and waits for its output. The second SIGTERM must end it at once.
func CheckSecondSignal(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.Stdout, _ = FullPipe(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for range 1000 {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-done:
			if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGTERM {
				t.Errorf("ended with %v", cmd.ProcessState)
			}
			return
		case <-again.C:
		}
	}
	_ = cmd.Process.Kill()
	<-done
	t.Fatal("does not end")
}
