//go:build linux

package e2e

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// These environment variables make this test binary set limits for its process, and then
// execute a program. So the program itself needs no code for the tests.
const (
	programVariable = "E2E_PROGRAM"
	fileSize        = "E2E_FILE_SIZE"     // the maximum size in bytes of a file that it writes
	killAtWrite     = "E2E_KILL_AT_WRITE" // a write of exactly that many bytes kills it
)

func becomeProgram() {
	program := os.Getenv(programVariable)
	if program == "" {
		return
	}
	runtime.LockOSThread() // the filter holds for the thread that executes the program
	err := errors.Join(limit(fileSize, setFileSize), limit(killAtWrite, setKillAtWrite))
	if err == nil {
		err = syscall.Exec(program, []string{program}, os.Environ())
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(3)
}

func limit(variable string, set func(uint64) error) error {
	text := os.Getenv(variable)
	if text == "" {
		return nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return err
	}
	return set(n)
}

func setFileSize(n uint64) error {
	// The hard limit stays high, because the test raises the soft limit again.
	return unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: n, Max: math.MaxUint64})
}

// setKillAtWrite installs a seccomp filter. The kernel kills the process when it calls
// write(2) with n bytes, before it writes any of them.
func setKillAtWrite(n uint64) error {
	// Two offsets in struct seccomp_data: of the number of the system call, and of the
	// lower half of its third argument, the length.
	number, length := uint32(0), uint32(16+2*8)
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 { // big-endian
		length += 4
	}
	const (
		load    = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		ifEqual = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K // if not equal, it skips Jf instructions
		answer  = unix.BPF_RET | unix.BPF_K
	)
	filter := []unix.SockFilter{
		{Code: load, K: number},
		{Code: ifEqual, K: unix.SYS_WRITE, Jf: 3},
		{Code: load, K: length},
		{Code: ifEqual, K: uint32(n), Jf: 1},
		{Code: answer, K: unix.SECCOMP_RET_KILL_PROCESS},
		{Code: answer, K: unix.SECCOMP_RET_ALLOW},
	}
	return errors.Join(
		unix.Setrlimit(unix.RLIMIT_CORE, new(unix.Rlimit)), // no core file
		unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
		seccomp(&unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}),
	)
}

func seccomp(program *unix.SockFprog) error {
	_, _, code := syscall.Syscall(unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(program)))
	if code != 0 {
		return os.NewSyscallError("seccomp", code)
	}
	return nil
}

// limited makes a command of the server run under one of the limits.
func limited(cmd *exec.Cmd, variable string, n int) *exec.Cmd {
	cmd.Path, cmd.Args = os.Args[0], []string{os.Args[0]}
	cmd.Env = append(cmd.Env, variable+"="+strconv.Itoa(n), programVariable+"="+serverBinary)
	return cmd
}

// startLimitedServer starts a server under one of the limits.
func (l *lottery) startLimitedServer(variable string, n int) *processtest.Process {
	l.t.Helper()
	return l.await(limited(l.serverCommand(), variable, n))
}
