//go:build unix

package tcp

import (
	"errors"
	"net"
	"syscall"
)

// sendBuffer bounds how many bytes the system holds that a peer has not read. By
// itself it holds megabytes. Then a write to a peer that reads slowly may see no
// progress for many seconds.
const sendBuffer = 256 << 10

// setBacklog sets the length of a listener's queue, and the send buffer that the
// accepted connections inherit. Package net always asks for the system's longest
// queue; a second listen(2) on the same socket sets the length anew.
func setBacklog(listener net.Listener, backlog int) error {
	raw, err := listener.(*net.TCPListener).SyscallConn()
	if err != nil {
		return err
	}
	var bufferErr, listenErr error
	err = raw.Control(func(fd uintptr) {
		bufferErr = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF, sendBuffer)
		listenErr = syscall.Listen(int(fd), backlog)
	})
	return errors.Join(err, bufferErr, listenErr)
}

// outOfDescriptors returns whether accepting failed because the process, or the
// system, has no file descriptor left.
func outOfDescriptors(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// descriptorReserve is how many file descriptors are left for everything but
// admitted connections: files, listeners, and connections that are rejected.
const descriptorReserve = maxRejecting + 16

// ConnectionLimit is how many of the wanted connections the process has file
// descriptors for. others is how many the rest of the program needs beside its files.
func ConnectionLimit(wanted, others int) int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return wanted
	}
	reserve := descriptorReserve + others
	allowed := uint64(limit.Cur) // the type differs between systems
	if allowed >= uint64(wanted)+uint64(reserve) {
		return wanted
	}
	return max(1, int(allowed)-reserve)
}
