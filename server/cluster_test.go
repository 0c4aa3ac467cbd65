package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// -export refuses before it changes anything, and says why.
func TestExportRefuses(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "bets.csv"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(full, "bets.csv")
	for _, tt := range []struct {
		name, folder, want string
		env                []string
	}{
		{"without a cluster", t.TempDir(), "SERVER_CLUSTER", nil},
		{"a folder that is not empty", full, "not empty", []string{"SERVER_CLUSTER=nats://127.0.0.1:1"}},
		{"a file", file, "not a directory", []string{"SERVER_CLUSTER=nats://127.0.0.1:1"}},
	} {
		cmd := processtest.Program(t, tt.env...)
		cmd.Args = append(cmd.Args, "-export", tt.folder)
		p := processtest.Start(t, cmd)
		if status := p.Wait(); status != 1 || !strings.Contains(strings.Join(p.Lines(), "\n"), tt.want) {
			t.Errorf("%s: exit status %d, %q", tt.name, status, p.Lines())
		}
	}
}

// A server whose cluster does not answer says why it waits, and stops at once.
func TestStopWithoutTheCluster(t *testing.T) {
	p := processtest.Start(t, processtest.Program(t, "SERVER_CLUSTER=nats://127.0.0.1:1", "SERVER_CLUSTER_MONITOR=http://127.0.0.1:1,http://127.0.0.1:2"))
	line := p.Await("action: cluster | result: in_progress")
	if !strings.Contains(line, "127.0.0.1:1") {
		t.Errorf("it does not say what it waits for: %s", line)
	}
	if took := p.Stop(syscall.SIGTERM); took > time.Second {
		t.Errorf("it stops after %v", took)
	}
}
