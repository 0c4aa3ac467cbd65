//go:build !linux

package process

import (
	"os"
	"syscall"
)

// childAttributes leaves a child in this process's group: a Ctrl-C reaches it
// too, and it stops by itself.
func childAttributes() *syscall.SysProcAttr { return nil }

// interruptGroup interrupts a child. The terminal's Ctrl-C reaches its children.
func interruptGroup(p *os.Process) error { return p.Signal(os.Interrupt) }

// WatchMemory does nothing: only Linux tells a process's peak memory.
func (p *Process) WatchMemory() {}
