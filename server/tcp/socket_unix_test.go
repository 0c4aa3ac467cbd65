//go:build unix

package tcp

import (
	"syscall"
	"testing"
)

// limitReceiveBuffer makes the kernel hold little of what a socket receives.
func limitReceiveBuffer(fd uintptr, size int) {
	_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, size)
}

// unreadBytes tells how many bytes the kernel holds that a socket has received.
func unreadBytes(_ testing.TB, fd uintptr) int {
	n, _, _ := syscall.Recvfrom(int(fd), make([]byte, 1<<16), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return max(n, 0)
}
