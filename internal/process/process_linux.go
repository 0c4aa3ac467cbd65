package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// childAttributes give a child a process group of its own. They also make the kernel
// kill the child when this process ends.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// signalGroup sends a signal to a child and its own children.
func signalGroup(child *os.Process, signal syscall.Signal) error {
	return syscall.Kill(-child.Pid, signal)
}

// memoryInterval is the time between two readings of a process's peak memory.
const memoryInterval = 10 * time.Millisecond

// WatchMemory updates PeakMemory until the process ends. It does not use ru_maxrss of
// getrusage(2), which survives an exec: it also counts the memory of this process at
// the start of the child.
func (p *Process) WatchMemory() { go p.watchMemory() }

func (p *Process) watchMemory() {
	status, err := os.Open(fmt.Sprintf("/proc/%d/status", p.Pid()))
	if err != nil {
		return // the process has ended
	}
	defer status.Close()
	tick := time.NewTicker(memoryInterval)
	defer tick.Stop()
	var text [4 << 10]byte
	for {
		n, _ := status.ReadAt(text[:], 0) // fails at the end of the file, or after the process has ended
		if peak, ok := peakResident(text[:n]); ok {
			p.peakMemory.Store(peak)
		}
		select {
		case <-tick.C:
		case <-p.done:
			return
		}
	}
}

// peakResident finds the peak resident set, in bytes, in a process's status. The man
// page proc_pid_status(5) describes the format. The status of a process that is ending
// has no such line.
func peakResident(status []byte) (int64, bool) {
	_, after, _ := bytes.Cut(status, []byte("\nVmHWM:"))
	line, _, found := bytes.Cut(after, []byte(" kB\n"))
	if !found {
		return 0, false
	}
	kib, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	return kib << 10, err == nil
}
