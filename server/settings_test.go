package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/config"
)

// These settings end a connection long before their defaults would.
func TestConnectionsEndBySetting(t *testing.T) {
	for _, tt := range []struct {
		setting string
		reach   func(*server) *agency
	}{
		{"SERVER_HELLO_TIMEOUT=50ms", (*server).dial},
		{"SERVER_IDLE_TIMEOUT=50ms", (*server).greet},
		{"SERVER_MAX_CONNECTIONS=1", func(s *server) *agency {
			oldest := s.dial()
			s.Await("action: accept_connections | result: success")
			s.dial()
			return oldest
		}},
	} {
		t.Run(tt.setting, func(t *testing.T) {
			a := tt.reach(startServer(t, nil, []string{tt.setting}))
			_ = a.SetReadDeadline(time.Now().Add(4 * time.Second))
			if _, err := io.ReadAll(a); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection goes on")
			}
		})
	}
}

func TestPublishDelay(t *testing.T) {
	a := startServer(t, nil, []string{"SERVER_PUBLISH_DELAY=200ms"}).greet()
	start := time.Now()
	a.tell(&protocol.Finished{}, &protocol.Query{})
	a.hear(protocol.TypeWinners)
	if took := time.Since(start); took < 200*time.Millisecond {
		t.Errorf("the results are out after %v", took)
	}
}

// A variable that is probably misspelled is worth a warning, but no more.
func TestMisspelledVariable(t *testing.T) {
	s := startServer(t, nil, []string{"SERVER_AGENCYS=2", "SERVER_PORT_12345_TCP=tcp://172.25.125.2:12345"})
	s.greet()
	s.Stop(syscall.SIGTERM)
	want := []string{`server: environment variable "SERVER_AGENCYS" is not known, did you mean SERVER_AGENCIES?`}
	if said := s.ErrorLines(); !slices.Equal(said, want) {
		t.Errorf("says %q, want %q", said, want)
	}
}

func TestLoggingLevel(t *testing.T) {
	port := startServer(t, nil, nil).port
	p := processtest.Start(t, program(t, []string{"SERVER_PORT=" + port, "LOGGING_LEVEL=critical"}))
	p.Wait()
	if said := p.Lines(); len(said) != 1 || !strings.Contains(said[0], " CRITICAL action: server | result: fail") {
		t.Errorf("says %q", said)
	}
}

// A named file is the one that is read, and its settings are used: both files of
// the state are where it says, and it listens whatever clients call it.
func TestNamedConfiguration(t *testing.T) {
	port := freePort(t)
	cmd := program(t, []string{"SERVER_PORT=" + port})
	if err := os.Mkdir(filepath.Join(cmd.Dir, "state"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(cmd.Dir, "config.ini"), "not this one")
	write(t, filepath.Join(cmd.Dir, "other.ini"), "[DEFAULT]\nSERVER_STORAGE = state/b.csv\nSERVER_IP = nowhere.invalid\n")
	cmd.Args = append(cmd.Args, "-config", "other.ini")
	p := processtest.Start(t, cmd)
	p.Await("DEBUG    action: config | result: success | port: " + port + " | listen_backlog: 5 | logging_level: DEBUG | agencies: 5 | storage: state/b.csv")
	p.Await("action: accept_connections | result: in_progress")
	p.Stop(syscall.SIGTERM)
	for _, name := range []string{"b.csv", "b.csv.journal"} {
		if _, err := os.Stat(filepath.Join(cmd.Dir, "state", name)); err != nil {
			t.Error(err)
		}
	}
}

func TestStorageSync(t *testing.T) {
	for _, sync := range []bool{true, false} {
		if got := storeOptions(config.Config{StorageSync: sync}).Sync; got != sync {
			t.Errorf("SERVER_STORAGE_SYNC=%v: the store syncs: %v", sync, got)
		}
	}
}
