//go:build unix

package main

import (
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// With fewer file descriptors than connections are allowed, connections that
// nobody needs make room all the same: an agency does not wait.
func TestFewDescriptors(t *testing.T) {
	const limit = 64
	s := startWith(t, limit, "SERVER_AGENCIES=1")
	for range 4 * limit {
		s.dial() // and says nothing
	}
	begin := time.Now()
	s.greet()
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("an agency waited for %v", took)
	}
	s.Stop(syscall.SIGTERM)
}

// startWith starts a server that may open that many files.
func startWith(t *testing.T, limit int, env ...string) *server {
	t.Helper()
	port := freePort(t)
	cmd := program(t, append(env, "SERVER_PORT="+port, "SERVER_LISTEN_BACKLOG=1024"))
	cmd.Args = []string{"sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$0"`, limit), cmd.Path}
	cmd.Path = "/bin/sh"
	s := &server{Process: processtest.Start(t, cmd), t: t, dir: cmd.Dir, port: port, address: "127.0.0.1:" + port}
	s.Await("action: accept_connections | result: in_progress")
	return s
}

// Those who watch take no file descriptor from those who upload.
func TestViewersLeaveDescriptors(t *testing.T) {
	const limit, agencies = 200, 60
	adminPort := freePort(t)
	s := startWith(t, limit, "SERVER_AGENCIES="+strconv.Itoa(agencies), "SERVER_ADMIN_ADDRESS=127.0.0.1:"+adminPort)
	for range limit {
		viewer, err := net.Dial("tcp", "127.0.0.1:"+adminPort)
		if err != nil {
			t.Fatal(err)
		}
		defer viewer.Close()
		_, _ = io.WriteString(viewer, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n") // some are refused
	}
	for id := range agencies {
		hello, err := protocol.AppendFrame(nil, &protocol.Hello{Version: protocol.Version, Agency: lottery.AgencyID(id + 1)})
		if err != nil {
			t.Fatal(err)
		}
		conn := s.dial()
		if _, err := conn.Write(hello); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := conn.Read(make([]byte, 1)); err != nil { // of WELCOME, or of ERROR server busy
			t.Fatalf("agency %d: %v", id+1, err)
		}
	}
	s.Stop(syscall.SIGTERM)
}
