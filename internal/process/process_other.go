//go:build !linux

package process

import (
	"os"
	"syscall"
)

// childAttributes are none: a child stays in this process's group, and a Ctrl-C stops
// it too.
func childAttributes() *syscall.SysProcAttr { return nil }

// signalGroup sends a signal to a child. A Ctrl-C on the terminal reaches the child's own
// children too.
func signalGroup(child *os.Process, signal syscall.Signal) error { return child.Signal(signal) }

// WatchMemory does nothing: only Linux shows a process's peak memory.
func (p *Process) WatchMemory() {}
