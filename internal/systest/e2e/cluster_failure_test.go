//go:build unix

package e2e

import (
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// A central dies in the middle of the uploads, and another, which comes back. The
// agencies go on at those that live.
func TestCentralsKilled(t *testing.T) {
	t.Parallel()
	r := newReplicated(t, replicatedData(4000))
	agencies := r.startAll()
	for i := range 2 {
		r.kill(i)
		r.awaitStored(r.storedBatches() + 100)
	}
	r.start(0)
	r.finish(agencies)
}

// The NATS server that leads the log dies. It comes back, and the next leader dies. Each
// time, an agency is in the middle of its upload.
func TestLogLeaderKilled(t *testing.T) {
	t.Parallel()
	r := newReplicated(t, map[int][][]string{1: plainRows(1, 4000), 2: difficultRows(2, 4000)})
	agencies := make(map[int]*processtest.Process)
	for _, id := range []int{1, 2} {
		agencies[id] = r.startSlow(id)
		r.awaitStored(r.storedBatches() + 50)
		leader := r.leader()
		leader.Kill()
		r.awaitFinished(id)
		if err := leader.Start(); err != nil {
			t.Fatal(err)
		}
		r.awaitCaughtUp(leader)
	}
	r.finish(agencies)
}

// awaitCaughtUp waits until a NATS server knows the leader of the log.
func (r *replicated) awaitCaughtUp(s *natsserver.Server) {
	r.t.Helper()
	r.eventually(s.Name+" is back", func() bool { return leaderSeenBy(s) != "" })
}

// The leader of the log is paused until all bets are stored, and goes on.
func TestLogLeaderPaused(t *testing.T) {
	t.Parallel()
	r := newReplicated(t, replicatedData(4000))
	agencies := r.startAll()
	leader := r.leader()
	leader.Signal(syscall.SIGSTOP)
	r.awaitFinished(1, 2, 3)
	leader.Signal(syscall.SIGCONT)
	r.finish(agencies)
}

// Without a quorum nothing is acknowledged, and no agency hears that its bets are not
// stored. When one NATS server is back, all goes on.
func TestQuorumLost(t *testing.T) {
	t.Parallel()
	r := newReplicated(t, replicatedData(3000))
	agencies := r.startAll()
	stopped := r.nats.Servers[:2]
	for _, s := range stopped {
		s.Kill()
	}
	for _, p := range agencies { // whoever is told to try again has lost its connection
		p.Await("result: in_progress | client_id: ")
	}
	before := r.storedBatches()
	for _, p := range agencies {
		p.AwaitMany("server busy", 1)
	}
	if after := r.storedBatches(); after != before {
		t.Errorf("%d batches were acknowledged without a quorum", after-before)
	}
	if err := stopped[0].Start(); err != nil {
		t.Fatal(err)
	}
	r.finish(agencies)
}

// A central is paused. Its agency begins again elsewhere; when the central goes on, its
// session is stale, what it appends is void, and its agency is told so.
func TestCentralPaused(t *testing.T) {
	t.Parallel()
	r := newReplicated(t, replicatedData(3000))
	old := r.startSlow(1, 0)
	r.awaitStored(50)
	r.centrals[0].Signal(syscall.SIGSTOP)
	agencies := map[int]*processtest.Process{1: r.startSlow(1, 1), 2: r.startSlow(2, 2), 3: r.startSlow(3, 1)}
	r.awaitFinished(1)
	r.centrals[0].Signal(syscall.SIGCONT)
	if status := old.Wait(); status != 1 {
		t.Errorf("the old agency ends with exit status %d", status)
	}
	if text := strings.Join(old.Lines(), "\n"); !strings.Contains(text, "superseded") {
		t.Errorf("the old agency is not told that it was superseded: %s", text)
	}
	r.finish(agencies)
}

// Somebody appends what no central has: every central stops, and says why. So does one
// that starts.
func TestCorruptedEntry(t *testing.T) {
	t.Parallel()
	r := newReplicated(t, replicatedData(3000))
	agencies := map[int]*processtest.Process{1: r.startSlow(1), 2: r.startSlow(2)} // there is no draw without the third
	r.awaitStored(100)
	connection, err := nats.Connect(r.nats.URLs())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	stream, err := jetstream.New(connection)
	if err != nil {
		t.Fatal(err)
	}
	message := nats.NewMsg("loteria.log")
	message.Header["Loteria"] = []string{"finished 1 1 0", "crc 00000000"}
	if _, err := stream.PublishMsg(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	for i := range r.centrals {
		r.checkStopped(i)
	}
	r.start(0)
	r.checkStopped(0)
	for _, p := range agencies {
		p.Signal(syscall.SIGTERM)
		p.Wait()
		if lines := logtest.Select(logtest.ParseLines(t, p.Lines()), "consulta_ganadores", "success"); len(lines) > 0 {
			t.Errorf("an agency was told its winners: %+v", lines)
		}
	}
}

func (r *replicated) checkStopped(i int) {
	r.t.Helper()
	p := r.centrals[i]
	if status := p.Wait(); status != 1 {
		r.t.Errorf("a central ends with exit status %d", status)
	}
	lines := logtest.Select(logtest.ParseLines(r.t, p.Lines()), "server", "fail")
	if len(lines) != 1 || !strings.Contains(lines[0].Keys["error"], "the log is corrupted") {
		r.t.Errorf("a central ends with %+v", lines)
	}
}

// A central is cut from the NATS servers. It refuses agencies, and closes the connections
// of those that it has; they go on elsewhere, also those that wait for the draw.
func TestCentralCut(t *testing.T) {
	t.Parallel()
	data := make(map[int][][]string)
	for id := 1; id <= 6; id++ {
		data[id] = plainRows(id, 100*id)
	}
	r := newCluster(t, data)
	r.gates[0] = newGate(t, r.nats)
	admin := "127.0.0.1:" + strconv.Itoa(processtest.FreePort(t))
	r.start(0, "SERVER_ADMIN_ADDRESS="+admin)
	r.startCentrals(1, 2)
	r.awaitCentral(0)
	if _, said := get(t, "http://"+admin+"/readyz"); !strings.Contains(said, "storage: ok") {
		t.Errorf("the central is not ready: %s", said)
	}
	agencies := make(map[int]*processtest.Process)
	for id := 1; id <= 5; id++ {
		agencies[id] = r.startSlow(id)
	}
	r.awaitStored(50)
	r.gates[0].shut()
	refused := r.startSlow(6, 0)
	refused.Await("server busy")
	refused.Kill()
	if _, said := get(t, "http://"+admin+"/readyz"); !strings.Contains(said, "storage: fail: the log does not answer") {
		t.Errorf("the central that is cut says: %s", said)
	}
	agencies[6] = r.startSlow(6, 1, 2)
	r.finish(agencies)
}
