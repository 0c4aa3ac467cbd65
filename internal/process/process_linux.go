package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// childAttributes puts a child into a process group of its own, and has the
// kernel kill it if this process ends without stopping it.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// signalGroup sends a signal to a child and its own children.
func signalGroup(child *os.Process, signal syscall.Signal) error {
	return syscall.Kill(-child.Pid, signal)
}

// memoryInterval is the time between two readings of a process's peak memory.
const memoryInterval = 10 * time.Millisecond

// WatchMemory keeps PeakMemory up to date until the process ends. It does not use
// ru_maxrss of getrusage(2): that survives an exec, and so it is never less than
// what this process took when it started the child.
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
		n, _ := status.ReadAt(text[:], 0) // it fails at the end of the file, or of the process
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

// peakResident finds the peak resident set, in bytes, in a process's status, whose
// format proc_pid_status(5) describes. The status of a process that is ending has
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
