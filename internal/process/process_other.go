//go:build !linux

package process

import (
	"os"
	"syscall"
)

// childAttributes leaves a child in this process's group: a Ctrl-C reaches it
// too, and it stops by itself.
func childAttributes() *syscall.SysProcAttr { return nil }

// signalGroup sends a signal to a child. The terminal's Ctrl-C reaches the
// child's own children too.
func signalGroup(child *os.Process, signal syscall.Signal) error { return child.Signal(signal) }

// WatchMemory does nothing: only Linux tells a process's peak memory.
func (p *Process) WatchMemory() {}
