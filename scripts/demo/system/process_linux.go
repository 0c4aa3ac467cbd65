package system

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// childAttributes puts a child into a process group of its own, and has the
// kernel kill it if this process dies without stopping it.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// interruptGroup interrupts a child and its own children.
func interruptGroup(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGINT) }

// memoryInterval is how often a process is asked for its peak memory: what it
// takes in its last moments may be missed.
const memoryInterval = 10 * time.Millisecond

// WatchMemory keeps PeakMemory up to date from now to the end of the process.
// The kernel's own count, ru_maxrss in getrusage(2), would not do: it survives an
// exec, so a child's is never less than what this process took when it started
// it.
func (p *Process) WatchMemory() { go p.watchMemory() }

func (p *Process) watchMemory() {
	status, err := os.Open(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return // it has ended
	}
	defer status.Close()
	tick := time.NewTicker(memoryInterval)
	defer tick.Stop()
	var text [4 << 10]byte
	for {
		n, _ := status.ReadAt(text[:], 0) // an error, but for the end of file, says that it has ended
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

// peakResident finds the peak resident set in a process's status, which
// proc_pid_status(5) describes, in bytes. That of a process that is ending has
// none.
func peakResident(status []byte) (int64, bool) {
	_, after, _ := bytes.Cut(status, []byte("\nVmHWM:"))
	line, _, found := bytes.Cut(after, []byte(" kB\n"))
	if !found {
		return 0, false
	}
	kib, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	return kib << 10, err == nil
}
