package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// While a server is stopped by SIGSTOP, Linux lets one connection more than the
// backlog wait to be accepted, and does not answer the next. The server may accept one
// while it stops.
func TestListenBacklog(t *testing.T) {
	s := startServer(t, nil, []string{"SERVER_LISTEN_BACKLOG=0"})
	s.Signal(syscall.SIGSTOP)
	defer s.Signal(syscall.SIGCONT)
	for stopped := false; !stopped; {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Pid()))
		if err != nil {
			t.Fatal(err)
		}
		stopped = bytes.Contains(state, []byte("State:\tT"))
	}
	for range 5 {
		conn, err := net.DialTimeout("tcp", s.address, 200*time.Millisecond)
		if failure, ok := errors.AsType[net.Error](err); ok && failure.Timeout() {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	t.Error("five connections wait where there is room for one")
}
