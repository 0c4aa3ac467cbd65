package containers

import (
	"fmt"
	"strings"
	"testing"
)

func TestEcho(t *testing.T) {
	needContainers(t)
	for _, test := range []struct{ clients, messages int }{{1, 1}, {2, 3}, {5, 5}} {
		t.Run(fmt.Sprintf("%d clients %d messages", test.clients, test.messages), func(t *testing.T) {
			s := start(t, test.clients, "ej1")
			s.clientConfig(test.messages, "50ms", "INFO", 10)
			s.serverConfig(5, "INFO")
			s.up()
			seen := make(map[string]int)
			left := test.clients
			for e := range s.follow() {
				switch {
				case e.exited && (e.source == "server" || e.status != 0):
					t.Fatalf("%s ended with %d", e.source, e.status)
				case e.Result == "fail":
					t.Fatalf("%s: %s failed: %v", e.source, e.Action, e.Keys)
				case e.Action == "receive_message" && e.source != "server":
					seen[e.source+" "+e.Keys["msg"]]++
				case e.Action == "loop_finished":
					left--
				}
				if left == 0 {
					break
				}
			}
			for id := 1; id <= test.clients; id++ {
				for n := 1; n <= test.messages; n++ {
					message := fmt.Sprintf("client%d [CLIENT %d] Message N°%d", id, id, n)
					if seen[message] != 1 {
						t.Errorf("%s: seen %d times", message, seen[message])
					}
				}
			}
			if len(seen) != test.clients*test.messages {
				t.Errorf("%d different messages, want %d", len(seen), test.clients*test.messages)
			}
		})
	}
}

// The programs use a configuration that was written after the images were built.
func TestConfigurationShows(t *testing.T) {
	needContainers(t)
	for _, test := range []struct {
		amount        int
		period, level string
		backlog       int
	}{{5, "100ms", "DEBUG", 8}, {2, "250ms", "INFO", 16}} {
		t.Run(test.level, func(t *testing.T) {
			s := start(t, 1, "ej2")
			s.clientConfig(test.amount, test.period, test.level, 10)
			s.serverConfig(test.backlog, "DEBUG")
			s.up()
			want := map[string]map[string]string{
				"client1": {"client_id": "1", "server_address": "server:12345", "loop_amount": fmt.Sprint(test.amount),
					"loop_period": test.period, "log_level": test.level},
				"server": {"port": "12345", "listen_backlog": fmt.Sprint(test.backlog), "logging_level": "DEBUG"},
			}
			finished := false
			for e := range s.follow() {
				if e.exited && e.source == "server" || e.Result == "fail" {
					t.Fatalf("%s: %+v", e.source, e)
				}
				if e.Action == "config" {
					for key, value := range want[e.source] {
						if e.Keys[key] != value {
							t.Errorf("%s: %s is %q, want %q", e.source, key, e.Keys[key], value)
						}
					}
					delete(want, e.source)
				}
				finished = finished || e.Action == "loop_finished"
				if finished && len(want) == 0 {
					break
				}
			}
		})
	}
}

// TestStop stops containers that are at work, with a grace period of one second.
func TestStop(t *testing.T) {
	needContainers(t)
	one := []string{"stop", "-t", "1"}
	for _, test := range []struct {
		name     string
		clients  int
		after    int // the stop comes after that many lines
		stopped  []string
		command  []string
		followed bool // Docker Compose must show the exit line
	}{
		{"client", 1, 10, []string{"client1"}, append(one, "client1"), true},
		{"server", 1, 10, []string{"server"}, append(one, "server"), true},
		{"server without clients", 0, 2, []string{"server"}, append(one, "server"), true},
		{"both", 1, 10, []string{"server", "client1"}, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, test.clients, "ej4")
			s.clientConfig(500, "150ms", "INFO", 10)
			s.serverConfig(5, "DEBUG")
			s.up()
			n := 0
			for e := range s.follow() {
				n++
				if n < test.after && (e.exited || e.Result == "fail") {
					t.Fatalf("before the stop: %+v", e)
				}
				if n == test.after {
					if test.command == nil {
						s.stop()
					} else {
						s.run("docker", test.command...)
					}
				}
				if n >= test.after && (!test.followed || e.exited && e.source == test.stopped[0]) {
					break
				}
			}
			for _, container := range test.stopped {
				s.checkStopped(container)
			}
		})
	}
}

// checkStopped checks that a container has ended with exit status 0, not by SIGKILL. It
// must have logged what it closed and why it stopped.
func (s system) checkStopped(container string) {
	s.Helper()
	if state := s.run("docker", "inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", container); state != "exited 0" {
		s.Errorf("%s: %s", container, state)
	}
	closings, reason := 0, false
	for _, e := range s.log(container) {
		if strings.HasPrefix(e.Action, "close_") && e.Result == "success" {
			closings++
		}
		reason = reason || e.Action == "shutdown" && e.Result == "success"
	}
	if !reason || container == "server" && closings == 0 {
		s.Errorf("%s: shutdown logged: %v, %d closings", container, reason, closings)
	}
}

// The agency and the server stop while the agency waits for a draw.
func TestStopWhileWaitingForTheDraw(t *testing.T) {
	s := start(t, 2, "ej7")
	s.serverConfig(5, "DEBUG")
	s.writeDataFile(1, dataFile{rows: 10})
	s.writeDataFile(2, dataFile{rows: 10})
	s.compose("up", "-d", "server", "client1")
	for e := range s.follow() {
		if e.exited || e.Result == "fail" {
			t.Fatalf("%+v", e)
		}
		if e.Action == "agencia_finalizada" {
			break
		}
	}
	s.stop()
	s.checkStopped("server")
	s.checkStopped("client1")
}
