package main

import (
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// The demo of a cluster, with the real programs. One central and one NATS server are
// killed, and the log holds all bets.
func TestCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the programs")
	}
	if _, err := natsserver.Build(t.Context()); err != nil {
		t.Skipf("there is no nats-server: %v", err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	cmd := exec.Command(self, "-cluster", "-dir", t.TempDir())
	cmd.Env = append(os.Environ(), fakeVariable+"=none", "TMPDIR="+temp)
	d := &demoRun{Process: processtest.Start(t, cmd), temp: temp}
	if status := d.Wait(); status != 0 {
		t.Fatalf("status %d: %s", status, d.stderr())
	}
	d.leftNothing(t)
	for _, row := range []string{
		`kill -9 a server[123], la central que más guardó, y a nats[123], que dirige el log`,
		`(?m)^ +1 +26\.936 +2$`, `(?m)^ +total +78\.697 +10$`, `Pausa +[0-9.,]+ s`, `Verificado +bets\.csv tiene esas 78\.697 apuestas`,
	} {
		if !regexp.MustCompile(row).MatchString(d.stdout()) {
			t.Errorf("no %s in\n%s", row, d.stdout())
		}
	}
}
