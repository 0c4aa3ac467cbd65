//go:build unix

package main

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// With fewer file descriptors than connections are allowed, connections that
// nobody needs make room all the same: an agency does not wait.
func TestFewDescriptors(t *testing.T) {
	port := freePort(t)
	cmd := program(t, []string{"SERVER_PORT=" + port, "SERVER_AGENCIES=1"})
	const limit = 64
	cmd.Args = []string{"sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$0"`, limit), cmd.Path}
	cmd.Path = "/bin/sh"
	s := &server{Process: processtest.Start(t, cmd), t: t, dir: cmd.Dir, port: port, address: "127.0.0.1:" + port}
	s.Await("action: accept_connections | result: in_progress")
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
