//go:build linux

package tcp

import (
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The socket has the configured backlog. Linux tells the backlog of a listening socket.
func TestListenAppliesTheBacklog(t *testing.T) {
	for _, backlog := range []int{0, 1, 5, 128} {
		listener, err := Listen(t.Context(), 0, backlog)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := listener.(syscall.Conn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var info *unix.TCPInfo
		control := raw.Control(func(fd uintptr) {
			info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		})
		if control != nil || err != nil {
			t.Fatal(control, err)
		}
		if int(info.Sacked) != backlog { // of a listener: the queue's length
			t.Errorf("the backlog is %d, want %d", info.Sacked, backlog)
		}
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	}
}

// It listens on all interfaces, and says so when it cannot.
func TestListenOnATakenPort(t *testing.T) {
	first, err := Listen(t.Context(), 0, 5)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	address := first.Addr().(*net.TCPAddr)
	if !address.IP.IsUnspecified() {
		t.Errorf("listens on %v", address)
	}
	second, err := Listen(t.Context(), address.Port, 5)
	if err == nil {
		second.Close()
		t.Fatal("two listen on one port")
	}
	if err.Error() != "address already in use" { // who calls it says what it was doing
		t.Errorf("failed with %v", err)
	}
}
