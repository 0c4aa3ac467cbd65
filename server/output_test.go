package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// startSilentServer starts a server whose log goes to a file, and returns once it
// accepts connections.
func startSilentServer(t *testing.T, stdout *os.File) *server {
	t.Helper()
	port := freePort(t)
	cmd := program(t, []string{"SERVER_PORT=" + port, "SERVER_AGENCIES=1"})
	cmd.Stdout = stdout
	s := &server{Process: processtest.Start(t, cmd), t: t, dir: cmd.Dir, port: port, address: "127.0.0.1:" + port}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 2000 {
		if conn, err := net.Dial("tcp", s.address); err == nil {
			conn.Close()
			return s
		}
		<-tick.C
	}
	t.Fatal("does not listen")
	return nil
}

// echo sends a message, checks that it comes back, and tells how long that took.
func (s *server) echo(message string) (time.Duration, error) {
	start := time.Now()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, message+"\n"); err != nil {
		return 0, err
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	answer, err := io.ReadAll(conn)
	if err == nil && string(answer) != message+"\n" {
		err = fmt.Errorf("answers with %d bytes", len(answer))
	}
	return time.Since(start), err
}

// longest is a message that makes a line as long as one message can.
var longest = strings.Repeat("\x01", 7999)

// checkServes checks that a server serves echo clients and agencies.
func (s *server) checkServes() *agency {
	s.t.Helper()
	for range 50 {
		if _, err := s.echo(longest); err != nil {
			s.t.Fatal(err)
		}
	}
	a := s.greet()
	a.tell(&protocol.Batch{Bets: someBets(10)})
	a.hear(protocol.TypeAck)
	return a
}

// checkStopsSoon checks that SIGTERM ends a server in order, whoever reads its log.
func (s *server) checkStopsSoon() {
	s.t.Helper()
	if took := s.Stop(syscall.SIGTERM); took > processtest.StopLimit {
		s.t.Errorf("stopped after %v", took)
	}
}

// Nobody reads the log: the server goes on, and a signal stops it in order.
func TestStalledOutput(t *testing.T) {
	stdout, _ := processtest.FullPipe(t)
	s := startSilentServer(t, stdout)
	a := s.checkServes()
	s.checkStopsSoon()
	var refusal protocol.Error
	if err := refusal.Decode(a.hear(protocol.TypeError)); err != nil || refusal.Status != protocol.StatusStopping {
		t.Errorf("the agency is told %+v, %v", refusal, err)
	}
}

// Somebody reads the log slowly. In the end that slows the server, but a signal stops
// it as soon as without that reader.
func TestSlowOutput(t *testing.T) {
	stdout, read := processtest.FullPipe(t)
	s := startSilentServer(t, stdout)
	go func() {
		tick := time.NewTicker(300 * time.Millisecond) // more often than once a second
		defer tick.Stop()
		for piece := make([]byte, 4096); ; <-tick.C {
			if _, err := read.Read(piece); err != nil {
				return
			}
		}
	}()
	var group sync.WaitGroup
	var served [8]int
	for i := range served {
		group.Go(func() {
			for took := time.Duration(0); took < 250*time.Millisecond; served[i]++ {
				var err error
				if took, err = s.echo(longest); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	// Others keep it waiting while it is told to stop.
	for range served {
		go func() { _, _ = s.echo(longest) }()
	}
	s.checkStopsSoon()
	t.Logf("%d echoes before the reader slowed the server", served)
}

// A log that nobody can read any more is no reason to stop.
func TestClosedOutput(t *testing.T) {
	s := startSilentServer(t, processtest.ClosedPipe(t))
	s.checkServes()
	s.checkStopsSoon()
}
