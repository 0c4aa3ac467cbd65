package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver/natsservertest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// clusterLimit is how long a test waits for what a cluster must do.
const clusterLimit = 2 * time.Minute

// replicated is a lottery with three centrals over three NATS servers.
type replicated struct {
	*lottery
	nats     *natsserver.Cluster
	data     map[int][][]string
	gates    [3]*gate               // between the centrals and the NATS servers; nil where there is none
	places   []process.Place        // of the centrals
	ports    []int                  // of the centrals
	centrals []*processtest.Process // nil where none runs
	ended    []*processtest.Process
}

// newReplicated starts a cluster and its centrals.
func newReplicated(t testing.TB, data map[int][][]string, env ...string) *replicated {
	t.Helper()
	r := newCluster(t, data, env...)
	r.startCentrals(0, 1, 2)
	return r
}

// newCluster starts the NATS servers of a lottery, but no central.
func newCluster(t testing.TB, data map[int][][]string, env ...string) *replicated {
	t.Helper()
	here := slices.Repeat([]process.Place{process.Here}, 3)
	return newClusterAt(t, data, here, here, env...)
}

// newClusterAt starts the NATS servers at these places. The centrals will be at those.
func newClusterAt(t testing.TB, data map[int][][]string, nats, centrals []process.Place, env ...string) *replicated {
	t.Helper()
	cluster := natsservertest.Start(t, nats...)
	r := &replicated{lottery: newLottery(t, len(data)), nats: cluster, data: data,
		places: centrals, centrals: make([]*processtest.Process, len(centrals))}
	r.env = append([]string{"SERVER_CLUSTER=" + cluster.URLs(), "SERVER_CLUSTER_MONITOR=" + cluster.Monitors()}, env...)
	r.clients = []string{"CLI_RETRY_DEADLINE=5m"} // longer than a test waits for anything
	for range r.centrals {
		r.ports = append(r.ports, processtest.FreePort(t))
	}
	return r
}

// startCentrals starts centrals, and returns when all of them listen.
func (r *replicated) startCentrals(centrals ...int) {
	r.t.Helper()
	for _, i := range centrals {
		r.start(i)
	}
	for _, i := range centrals {
		r.awaitCentral(i)
	}
}

// start starts a central with further settings.
func (r *replicated) start(i int, env ...string) {
	r.t.Helper()
	cmd := r.centralCommand(i)
	cmd.Env = append(cmd.Env, env...)
	r.centrals[i] = processtest.Start(r.t, r.places[i].Enter(cmd))
}

func (r *replicated) centralCommand(i int) *exec.Cmd {
	r.port = r.ports[i]
	cmd := r.serverCommand()
	if g := r.gates[i]; g != nil {
		cmd.Env = append(cmd.Env, "SERVER_CLUSTER="+g.urls)
	}
	return cmd
}

// kill kills a central.
func (r *replicated) kill(i int) {
	r.centrals[i].Kill()
	r.forget(i)
}

// forget keeps the log of a central that has ended.
func (r *replicated) forget(i int) {
	r.ended = append(r.ended, r.centrals[i])
	r.centrals[i] = nil
}

// all returns the centrals, also those that have ended.
func (r *replicated) all() (all []*processtest.Process) {
	for _, p := range r.centrals {
		if p != nil {
			all = append(all, p)
		}
	}
	return append(all, r.ended...)
}

func (r *replicated) awaitCentral(i int) {
	r.t.Helper()
	r.centrals[i].Await("action: accept_connections | result: in_progress")
}

// address is the value of CLI_SERVER_ADDRESS for some centrals, or for all.
func (r *replicated) address(centrals ...int) string {
	if len(centrals) == 0 {
		centrals = []int{0, 1, 2}
	}
	var addresses []string
	for _, i := range centrals {
		addresses = append(addresses, net.JoinHostPort(r.places[i].Address, strconv.Itoa(r.ports[i])))
	}
	return strings.Join(addresses, ",")
}

// startSlow starts an agency whose upload takes some seconds.
func (r *replicated) startSlow(id int, centrals ...int) *processtest.Process {
	r.t.Helper()
	return r.startAgency(id, r.data[id], 10, "CLI_SERVER_ADDRESS="+r.address(centrals...), "CLI_LOOP_PERIOD=10ms")
}

// startAll starts all agencies, and returns when they have together stored some bets.
func (r *replicated) startAll() map[int]*processtest.Process {
	r.t.Helper()
	agencies := make(map[int]*processtest.Process)
	for id := range r.data {
		agencies[id] = r.startSlow(id)
	}
	r.awaitStored(100)
	return agencies
}

// awaitStored waits until the centrals have together stored that number of batches.
func (r *replicated) awaitStored(batches int) {
	r.t.Helper()
	r.eventually(fmt.Sprintf("%d batches are stored", batches), func() bool { return r.storedBatches() >= batches })
}

func (r *replicated) storedBatches() (n int) {
	for _, p := range r.all() {
		for _, line := range p.Lines() {
			if strings.Contains(line, "action: apuesta_recibida | result: success") {
				n++
			}
		}
	}
	return n
}

// awaitFinished waits until all bets of some agencies are stored, or the draw was held. A
// central whose connection to the agency is over does not log the first.
func (r *replicated) awaitFinished(ids ...int) {
	r.t.Helper()
	for _, id := range ids {
		r.eventually(fmt.Sprintf("agency %d has finished", id), func() bool {
			text := fmt.Sprintf("action: agencia_finalizada | result: success | agencia: %d ", id)
			return slices.ContainsFunc(r.all(), func(p *processtest.Process) bool {
				return slices.ContainsFunc(p.Lines(), func(line string) bool {
					return strings.Contains(line, text) || strings.Contains(line, "action: sorteo | result: success")
				})
			})
		})
	}
}

// eventually waits until a condition holds.
func (r *replicated) eventually(what string, holds func() bool) {
	r.t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(20 * time.Millisecond) { // polls
		if time.Since(begin) > clusterLimit {
			r.t.Fatalf("after %v it is not true that %s", clusterLimit, what)
		}
	}
}

// leader is the NATS server that leads the log. The others may still name an older one.
func (r *replicated) leader() (leader *natsserver.Server) {
	r.t.Helper()
	r.eventually("the log has a leader", func() bool {
		for _, leader = range r.nats.Servers {
			if leaderSeenBy(leader) == leader.Name {
				return true
			}
		}
		return false
	})
	return leader
}

// leaderSeenBy asks the monitoring port of a server who leads the log.
func leaderSeenBy(s *natsserver.Server) string {
	client := http.Client{Timeout: time.Second}
	response, err := client.Get(s.Monitor + "/jsz?accounts=true&streams=true")
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	var answer struct {
		Accounts []struct {
			Streams []struct {
				Name    string
				Cluster struct{ Leader string }
			} `json:"stream_detail"`
		} `json:"account_details"`
	}
	if json.NewDecoder(response.Body).Decode(&answer) != nil {
		return ""
	}
	for _, account := range answer.Accounts {
		for _, stream := range account.Streams {
			if stream.Name == "LOTERIA" {
				return stream.Cluster.Leader
			}
		}
	}
	return ""
}

// finish waits for the agencies and checks their winners, what the log holds, the logs of
// the centrals, and that one of them says that it has held the draw. No agency may have
// heard that its bets are not stored: that is never known.
func (r *replicated) finish(agencies map[int]*processtest.Process) {
	r.t.Helper()
	r.end(agencies)
	if draws := r.draws(); draws != 1 {
		r.t.Errorf("sorteo is logged %d times", draws)
	}
}

// end waits for the agencies, checks their winners and what the log holds, and stops the
// centrals.
func (r *replicated) end(agencies map[int]*processtest.Process) {
	r.t.Helper()
	for id, p := range agencies {
		r.checkAgency(p, winners(r.data[id]))
		if strings.Contains(strings.Join(p.Lines(), "\n"), "storage failed") {
			r.t.Errorf("agency %d was told that its bets are not stored", id)
		}
	}
	r.checkExport()
	for _, p := range r.centrals {
		if p != nil {
			p.Stop(syscall.SIGTERM)
		}
	}
}

// checkAgency is checkAgency, but waits longer.
func (r *replicated) checkAgency(p *processtest.Process, want []string) {
	r.t.Helper()
	select {
	case <-p.Done():
	case <-time.After(clusterLimit):
		r.t.Fatal("the agency does not end")
	}
	checkAgency(r.t, p, want)
}

// checkExport exports the log, checks the bets, and lets a server without a cluster load
// them.
func (r *replicated) checkExport() {
	r.t.Helper()
	folder := filepath.Join(r.t.TempDir(), "exported")
	cmd := r.serverCommand()
	cmd.Args = append(cmd.Args, "-export", folder)
	p := processtest.Start(r.t, cmd)
	if status := p.Wait(); status != 0 {
		r.t.Fatalf("-export: exit status %d", status)
	}
	content, err := os.ReadFile(filepath.Join(folder, "bets.csv"))
	if err != nil {
		r.t.Fatal(err)
	}
	stored := parseRows(r.t, string(content))
	for id, rows := range r.data {
		if fmt.Sprint(stored[id]) != fmt.Sprint(rows) {
			r.t.Errorf("of agency %d the log holds %d rows, not its %d", id, len(stored[id]), len(rows))
		}
	}
	alone := processtest.Start(r.t, process.Command(serverBinary, folder, "SERVER_STORAGE="+filepath.Join(folder, "bets.csv"),
		"SERVER_PORT="+strconv.Itoa(processtest.FreePort(r.t)), "SERVER_AGENCIES="+strconv.Itoa(r.agencies)))
	alone.Await("action: sorteo_recuperado | result: success")
	alone.Stop(syscall.SIGTERM)
}

// draws returns how many centrals say that they have held the draw. It checks what all of
// them say about the draw, and that they have stored no bet twice.
func (r *replicated) draws() (draws int) {
	r.t.Helper()
	bets, stored := 0, 0
	for _, rows := range r.data {
		bets += len(rows)
	}
	for _, p := range r.all() {
		for _, line := range r.checkLines(p) {
			switch line.Action {
			case "apuesta_recibida":
				if n, err := strconv.Atoi(line.Keys["cantidad"]); err == nil && line.Result == "success" {
					stored += n
				}
			case "sorteo":
				draws++
				fallthrough
			case "sorteo_observado", "sorteo_recuperado":
				if line.Result != "success" || line.Keys["apuestas"] != strconv.Itoa(bets) {
					r.t.Errorf("%+v, %d bets were sent", line, bets)
				}
			}
		}
	}
	if stored > bets {
		r.t.Errorf("the cantidades add up to %d of %d bets", stored, bets)
	}
	return draws
}

func replicatedData(n int) map[int][][]string {
	return map[int][][]string{1: plainRows(1, n), 2: difficultRows(2, n/2), 3: plainRows(3, n/3)}
}

func TestReplicated(t *testing.T) {
	t.Parallel()
	r := newReplicated(t, replicatedData(3000))
	r.finish(r.startAll())
}
