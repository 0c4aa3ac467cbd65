//go:build !linux

package system

import (
	"os"
	"syscall"
)

// childAttributes leaves a child in this process's group: a Ctrl-C reaches it
// too, and it stops by itself.
func childAttributes() *syscall.SysProcAttr { return nil }

func interruptGroup(p *os.Process) error { return p.Signal(os.Interrupt) }

// WatchMemory does nothing: only Linux tells it.
func (p *Process) WatchMemory() {}
