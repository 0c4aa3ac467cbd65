package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// A server whose file was removed while it runs acknowledges nothing more. It
// logs why and ends with status 1, so that it is started again.
func TestBrokenStorageEndsTheServer(t *testing.T) {
	s := startServer(t, nil, nil)
	a := s.greet()
	a.tell(&protocol.Batch{Bets: someBets(10)})
	a.hear(protocol.TypeAck)
	if err := os.Remove(filepath.Join(s.dir, "bets.csv")); err != nil {
		t.Fatal(err)
	}
	a.tell(&protocol.Batch{Offset: 10, Bets: someBets(10)})
	var refusal protocol.Error
	if err := refusal.Decode(a.hear(protocol.TypeError)); err != nil || refusal.Status.Final() {
		t.Errorf("the agency is told %+v, %v", refusal, err)
	}
	line := s.Await("action: server | result: fail")
	if status := s.Wait(); status != 1 || !strings.Contains(line, "bets.csv was moved or removed") {
		t.Errorf("exit status %d, says %q", status, line)
	}
	for _, line := range s.Lines() {
		if strings.Contains(line, "action: shutdown") {
			t.Errorf("says %q", line)
		}
	}
}

// While it still reads what is stored, a server stops at once.
func TestStopsWhileItStarts(t *testing.T) {
	const rows = 2_000_000
	cmd := program(t, []string{"SERVER_PORT=" + freePort(t)})
	file := bytes.Repeat([]byte("1,Santiago Lionel,Lorca,30904465,1999-03-17,2201\r\n"), rows)
	if err := os.WriteFile(filepath.Join(cmd.Dir, "bets.csv"), file, 0o644); err != nil {
		t.Fatal(err)
	}
	p := processtest.Start(t, cmd)
	p.Await("action: config | result: success")
	if took := p.Stop(syscall.SIGTERM); took > processtest.StopLimit {
		t.Errorf("stopped after %v", took)
	}
	said := strings.Join(p.Lines(), "\n")
	if strings.Contains(said, "action: recuperacion | result: success") || strings.Contains(said, "result: fail") {
		t.Errorf("says\n%s", said)
	}
	if !strings.Contains(said, "action: close_file | result: success | file: ./bets.csv") || !strings.Contains(said, "action: shutdown") {
		t.Errorf("does not say that it stops:\n%s", said)
	}
}
