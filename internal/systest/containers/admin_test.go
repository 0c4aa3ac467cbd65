package containers

import (
	"strings"
	"testing"
)

// The engine finds the server healthy. Its image holds the board, which is served
// inside the container. Neither adds a line to the server's log.
func TestServerIsHealthyAndCanBeWatched(t *testing.T) {
	s := start(t, 1, "agencias")
	s.serverConfig(5, "DEBUG")
	s.writeDataFile(1, dataFile{rows: 10, winners: 1})
	s.compose("up", "-d", "server")
	s.await("server", "{{.State.Health.Status}}", "healthy")
	before := s.run("docker", "logs", "server")
	if said := s.run("docker", "exec", "server", "/server", "-health"); !strings.Contains(said, "recovering: ok") {
		t.Errorf("server -health says %q", said)
	}
	for path, want := range map[string]string{
		"/": "<!DOCTYPE html>", "/board.js": "EventSource", "/board.css": "{", "/metrics": `lottery_bets_stored_total{agency="1"} 0`,
	} {
		got := s.run("docker", "run", "--rm", "--network", "container:server", "busybox:latest", "wget", "-q", "-O-", "http://127.0.0.1:12346"+path)
		if !strings.Contains(got, want) {
			t.Errorf("%s gives %.200q, want %q in it", path, got, want)
		}
	}
	if after := s.run("docker", "logs", "server"); after != before {
		t.Errorf("the health check and the board have logged:\n%s", strings.TrimPrefix(after, before))
	}
}
