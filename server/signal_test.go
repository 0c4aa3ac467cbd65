package main

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// server is a running server.
type server struct {
	*processtest.Process
	t       *testing.T
	dir     string
	port    string
	address string
}

// startServer starts a server of one agency, beside these files, and returns
// once it listens.
func startServer(t *testing.T, files map[string]string, env []string) *server {
	t.Helper()
	port := freePort(t)
	cmd := program(t, append([]string{"SERVER_PORT=" + port, "SERVER_AGENCIES=1"}, env...))
	for name, content := range files {
		write(t, filepath.Join(cmd.Dir, name), content)
	}
	s := &server{Process: processtest.Start(t, cmd), t: t, dir: cmd.Dir, port: port, address: "127.0.0.1:" + port}
	s.Await("action: accept_connections | result: in_progress")
	return s
}

// agency is an agency's end of a connection.
type agency struct {
	net.Conn
	t      *testing.T
	frames *protocol.Reader
}

func (s *server) dial() *agency {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	return &agency{Conn: conn, t: s.t, frames: protocol.NewReader(conn)}
}

// tell writes messages.
func (a *agency) tell(messages ...protocol.Message) {
	a.t.Helper()
	var frames []byte
	for _, m := range messages {
		var err error
		if frames, err = protocol.AppendFrame(frames, m); err != nil {
			a.t.Fatal(err)
		}
	}
	if _, err := a.Write(frames); err != nil {
		a.t.Fatal(err)
	}
}

// hear reads frames up to one of that kind.
func (a *agency) hear(kind protocol.Type) []byte {
	a.t.Helper()
	for {
		got, payload, err := a.frames.Next()
		if err != nil {
			a.t.Fatalf("waits for %v: %v", kind, err)
		}
		if got == kind {
			return payload
		}
	}
}

func (s *server) greet() *agency {
	s.t.Helper()
	a := s.dial()
	a.tell(&protocol.Hello{Version: protocol.Version, Agency: 1})
	a.hear(protocol.TypeWelcome)
	return a
}

func someBets(n int) []lottery.Bet {
	bets := make([]lottery.Bet, n)
	for i := range bets {
		bets[i] = lottery.Bet{FirstName: "Ana", LastName: "Paz", Document: "30904465", Birthdate: lottery.Date{Year: 1999, Month: 3, Day: 17}, Number: 7574}
	}
	return bets
}

// A server that is told to stop closes its listener, every connection and both
// files, logs it and exits with 0, whatever its peers do. What it has
// acknowledged is stored.
func TestStops(t *testing.T) {
	for _, tt := range []struct {
		name  string
		env   []string
		reach func(*server) *agency // the agency is told that the server stops; nil: nobody is
		conns int
		rows  int
	}{
		{"without clients", nil, func(*server) *agency { return nil }, 0, 0},
		{"silent connections", nil, func(s *server) *agency {
			for range 20 {
				s.dial()
			}
			s.AwaitMany("action: accept_connections | result: success", 20)
			return nil
		}, 20, 0},
		{"echo without an end", nil, func(s *server) *agency {
			_, _ = io.WriteString(s.dial(), "no line")
			s.Await("action: accept_connections | result: success")
			return nil
		}, 1, 0},
		{"inside HELLO", nil, func(s *server) *agency {
			_, _ = s.dial().Write([]byte{0, 0, 0})
			s.Await("action: accept_connections | result: success")
			return nil
		}, 1, 0},
		{"greeted", nil, func(s *server) *agency { return s.greet() }, 1, 0},
		{"inside a batch", nil, func(s *server) *agency {
			a := s.greet()
			a.tell(&protocol.Batch{Bets: someBets(10)})
			a.hear(protocol.TypeAck)
			frame, _ := protocol.AppendFrame(nil, &protocol.Batch{Offset: 10, Bets: someBets(10)})
			_, _ = a.Write(frame[:len(frame)-1])
			return a
		}, 1, 10},
		{"waiting for the draw", []string{"SERVER_AGENCIES=2"}, func(s *server) *agency {
			a := s.greet()
			a.tell(&protocol.Batch{Bets: someBets(10)}, &protocol.Finished{Total: 10}, &protocol.Query{})
			a.hear(protocol.TypeRegistered)
			return a
		}, 1, 10},
		{"in the publish delay", []string{"SERVER_PUBLISH_DELAY=1h"}, func(s *server) *agency {
			a := s.greet()
			a.tell(&protocol.Batch{Bets: someBets(10)}, &protocol.Finished{Total: 10}, &protocol.Query{})
			s.Await("action: sorteo | result: success | apuestas: 10 | ganadores: 10")
			return a
		}, 1, 10},
	} {
		for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
			t.Run(tt.name+", "+signal.String(), func(t *testing.T) {
				s := startServer(t, nil, tt.env)
				told := tt.reach(s)
				if took := s.Stop(signal); took > processtest.StopLimit {
					t.Errorf("stopped after %v", took)
				}
				if told != nil {
					var refusal protocol.Error
					if err := refusal.Decode(told.hear(protocol.TypeError)); err != nil || refusal.Status != protocol.StatusStopping {
						t.Errorf("the agency is told %+v, %v", refusal, err)
					}
					if _, _, err := told.frames.Next(); !errors.Is(err, io.EOF) {
						t.Errorf("the connection ends with %v", err)
					}
				}
				checkStop(t, s, signal, tt.conns, tt.rows)
			})
		}
	}
}

// checkStop checks what a server that has stopped has logged and stored.
func checkStop(t *testing.T, s *server, signal syscall.Signal, conns, rows int) {
	t.Helper()
	lines := logtest.ParseLines(t, s.Lines())
	closed := map[string]int{"close_listener": 1, "close_connection": conns, "close_file": 2}
	for what, want := range closed {
		if got := len(logtest.Select(lines, what, "success")); got != want {
			t.Errorf("%s is logged %d times, want %d", what, got, want)
		}
	}
	last := lines[len(lines)-1]
	if last.Action != "shutdown" || !strings.Contains(last.Keys["reason"], signal.String()) {
		t.Errorf("ends with %+v", last)
	}
	is := func(action string) func(logtest.Line) bool {
		return func(line logtest.Line) bool { return line.Action == action }
	}
	files := slices.IndexFunc(lines, is("close_file"))
	for _, action := range []string{"close_listener", "close_connection"} {
		if files >= 0 && slices.ContainsFunc(lines[files:], is(action)) {
			t.Errorf("%s after a file was closed", action)
		}
	}
	for _, line := range lines {
		// A message that was cut in the middle is one that failed.
		if line.Result == "fail" && line.Action != "receive_message" {
			t.Errorf("says that something failed: %+v", line)
		}
	}
	stored, err := os.ReadFile(filepath.Join(s.dir, "bets.csv"))
	if err != nil || strings.Count(string(stored), "\r\n") != rows {
		t.Errorf("%d rows are stored, want %d, %v", strings.Count(string(stored), "\r\n"), rows, err)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	processtest.CheckSecondSignal(t, program(t, []string{"SERVER_PORT=" + freePort(t)}))
}
