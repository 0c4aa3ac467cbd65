package main

import (
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver/natsservertest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica/jetstream"
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

// runExport runs -export on a cluster, which must fail and leave nothing in the folder.
func runExport(t *testing.T, cluster *natsserver.Cluster, want string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "new")
	cmd := processtest.Program(t, "SERVER_CLUSTER="+cluster.URLs(), "SERVER_CLUSTER_MONITOR="+cluster.Monitors())
	cmd.Args = append(cmd.Args, "-export", folder)
	p := processtest.Start(t, cmd)
	if status := p.Wait(); status != 1 || !strings.Contains(strings.Join(p.Lines(), "\n"), want) {
		t.Errorf("exit status %d, %q", status, p.Lines())
	}
	if present, err := os.ReadDir(folder); err != nil || len(present) > 0 {
		t.Errorf("the folder holds %v, %v", present, err)
	}
}

// An export creates no log. If it fails, it leaves no part of the bets that could be
// taken for all of them.
func TestExportOfACorruptedLog(t *testing.T) {
	cluster := natsservertest.Start(t)
	runExport(t, cluster, "no stream LOTERIA")
	log, err := jetstream.Open(t.Context(), jetstream.Options{
		Servers: strings.Split(cluster.URLs(), ","), Monitors: strings.Split(cluster.Monitors(), ","), Agencies: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	body, _, err := replica.AppendBlock(nil, []lottery.Bet{{Agency: 1, FirstName: "Ana", Birthdate: lottery.Date{Year: 1999, Month: 3, Day: 17}}})
	if err != nil {
		t.Fatal(err)
	}
	sum := crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli))
	for _, entry := range []replica.Entry{
		&replica.Claim{Agency: 1, Nonce: "a"},
		&replica.Bets{Author: "a", BodySum: sum, Body: body, Segments: []replica.Segment{{Agency: 1, Session: 1, Count: 1, Length: len(body)}}},
		&replica.Bets{Author: "a", BodySum: sum + 1, Body: body, Segments: []replica.Segment{{Agency: 1, Session: 1, Offset: 1, Count: 1, Length: len(body)}}},
	} {
		if err := <-log.Append(entry); err != nil {
			t.Fatal(err)
		}
	}
	runExport(t, cluster, "entry 3: the log is corrupted")
}

// A server whose cluster does not answer says why it waits, and stops at once.
func TestStopWithoutTheCluster(t *testing.T) {
	p := processtest.Start(t, processtest.Program(t, "SERVER_CLUSTER=nats://127.0.0.1:1", "SERVER_CLUSTER_MONITOR=http://127.0.0.1:1,http://127.0.0.1:2"))
	line := p.Await("action: cluster | result: in_progress")
	if !strings.Contains(line, "127.0.0.1:1") {
		t.Errorf("it does not say what it waits for: %s", line)
	}
	if took := p.Stop(syscall.SIGTERM); took > processtest.StopLimit {
		t.Errorf("it stops after %v", took)
	}
}
