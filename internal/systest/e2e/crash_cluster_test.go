package e2e

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
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
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// The number of centrals in TestClusterCrashes. The environment variable CENTRALES is the
// default of the flag.
var crashCentrals = flag.Int("crash.centrals", fromEnv("CENTRALES", 3, strconv.Atoi), "how many centrals the crash test of a cluster has")

// TestClusterCrashes kills centrals, NATS servers and agencies at random moments, and
// starts them again, until all agencies have their winners. Then every bet is in the log
// exactly once, the winners are right, and there was one draw. The test repeats that for
// crashFor.
func TestClusterCrashes(t *testing.T) {
	t.Logf("go test ./internal/systest/e2e -run TestClusterCrashes -crash.for %v -crash.seed %d -crash.centrals %d",
		*crashFor, *crashSeed, *crashCentrals)
	var total clusterCrashes
	rounds := 0
	end := time.Now().Add(*crashFor)
	for ; rounds == 0 || time.Now().Before(end); rounds++ {
		random := rand.New(rand.NewPCG(*crashSeed, uint64(rounds)))
		ok := t.Run(fmt.Sprintf("round %d", rounds), func(t *testing.T) { clusterRound(t, random, end, &total) })
		if !ok {
			t.Fatalf("seed %d, round %d", *crashSeed, rounds)
		}
	}
	t.Logf("%d rounds; centrals were killed %d times, NATS servers %d times, two of these at once %d times, agencies %d times",
		rounds, total.centrals, total.nats, total.quorums, total.agencies)
}

// clusterCrashes counts what happened in the test. quorums is how often two NATS servers
// were down at once.
type clusterCrashes struct{ centrals, nats, quorums, agencies int }

func (c *clusterCrashes) add(o clusterCrashes) {
	c.centrals += o.centrals
	c.nats += o.nats
	c.quorums += o.quorums
	c.agencies += o.agencies
}

// clusterRun is a lottery on several centrals, some of whose processes are killed.
type clusterRun struct {
	*crashRun
	nats     *natsserver.Cluster
	centrals []*processtest.Process
	ports    []int
	killed   clusterCrashes
}

func clusterRound(t *testing.T, random *rand.Rand, end time.Time, total *clusterCrashes) {
	s := newClusterRun(t, random)
	for i := range s.ports {
		s.centrals = append(s.centrals, s.startCentral(i))
	}
	for id := range s.data {
		s.start(id)
	}
	const least = 3 // also after the end of the test
	kills := least + random.IntN(20)
	for n := 0; n < kills && len(s.running) > 0 && (n < least || time.Now().Before(end)); n++ {
		s.wait(time.Duration(random.Int64N(int64(time.Second))))
		if len(s.running) > 0 {
			s.kill()
		}
	}
	for len(s.running) > 0 {
		s.wait(100 * time.Millisecond)
	}
	for _, central := range s.centrals {
		central.Stop(syscall.SIGTERM)
		s.keepLog(central)
	}
	s.killed.agencies = s.count.agencies
	total.add(s.killed)
	s.export()
	s.checkStored(s.data)
	s.checkLogs()
}

func newClusterRun(t *testing.T, random *rand.Rand) *clusterRun {
	nats := natsservertest.Start(t)
	s := &clusterRun{
		crashRun: &crashRun{
			lottery: newLottery(t, len(crashBatches), "SERVER_CLUSTER="+nats.URLs(), "SERVER_CLUSTER_MONITOR="+nats.Monitors(),
				"SERVER_PUBLISH_DELAY="+strconv.Itoa(random.IntN(30))+"ms"),
			random:  random,
			data:    make(map[int][][]string),
			running: make(map[int]*processtest.Process),
		},
		nats: nats,
	}
	for i, batch := range crashBatches {
		s.data[i+1] = difficultRows(i+1, random.IntN(3000*min(batch, 10)))
	}
	var addresses []string
	for range *crashCentrals {
		port := processtest.FreePort(t)
		s.ports = append(s.ports, port)
		addresses = append(addresses, "127.0.0.1:"+strconv.Itoa(port))
	}
	s.clients = []string{"CLI_SERVER_ADDRESS=" + strings.Join(addresses, ","), "CLI_RETRY_DEADLINE=2m"}
	return s
}

// startCentral starts a central. It does not wait until the central listens: without a
// majority of the NATS servers that would be never.
func (s *clusterRun) startCentral(i int) *processtest.Process {
	s.t.Helper()
	return processtest.Start(s.t, s.centralCommand(i))
}

func (s *clusterRun) centralCommand(i int) *exec.Cmd {
	cmd := s.serverCommand()
	cmd.Env = append(cmd.Env, "SERVER_PORT="+strconv.Itoa(s.ports[i]))
	return cmd
}

// kill kills one process or several of a kind, and starts them again after a pause.
func (s *clusterRun) kill() {
	pause := time.Duration(s.random.Int64N(int64(200 * time.Millisecond)))
	switch s.random.IntN(8) {
	case 0:
		s.killNATS(2, pause) // without a majority
		s.killed.quorums++
	case 1, 2:
		s.killNATS(1, 10*pause)
	case 3:
		s.killCentrals(len(s.centrals), pause)
	case 4, 5, 6:
		s.killCentrals(1, pause)
	default:
		ids := slices.Sorted(maps.Keys(s.running))
		id := ids[s.random.IntN(len(ids))]
		s.killAgency(id)
		s.start(id)
	}
}

func (s *clusterRun) killNATS(n int, pause time.Duration) {
	victims := s.random.Perm(len(s.nats.Servers))[:n]
	for _, i := range victims {
		s.nats.Servers[i].Kill()
	}
	s.killed.nats += n
	time.Sleep(pause)
	for _, i := range victims {
		if err := s.nats.Servers[i].Start(); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *clusterRun) killCentrals(n int, pause time.Duration) {
	victims := s.random.Perm(len(s.centrals))[:n]
	for _, i := range victims {
		s.centrals[i].Kill()
		s.keepLog(s.centrals[i])
	}
	s.killed.centrals += n
	time.Sleep(pause)
	for _, i := range victims {
		s.centrals[i] = s.startCentral(i)
	}
}

// export writes the log's bets to the file that checkStored reads.
func (s *clusterRun) export() {
	folder := filepath.Join(s.dir, "export")
	cmd := s.centralCommand(0)
	cmd.Args = append(cmd.Args, "-export", folder)
	if status := processtest.Start(s.t, cmd).Wait(); status != 0 {
		s.t.Fatalf("server -export: exit status %d", status)
	}
	if err := os.Rename(filepath.Join(folder, "bets.csv"), s.storage()); err != nil {
		s.t.Fatal(err)
	}
}

// checkLogs checks the logs of all centrals. One of them has held the draw, or none has
// logged it, if that one was killed just then.
func (s *clusterRun) checkLogs() {
	bets, logged, draws, known := 0, 0, 0, 0
	for _, rows := range s.data {
		bets += len(rows)
	}
	for i, lines := range s.logs {
		drawn := false
		for _, line := range lines {
			switch line.Action {
			case "sorteo", "sorteo_observado", "sorteo_recuperado":
				if line.Action == "sorteo" {
					draws++
				}
				if drawn || line.Result != "success" || line.Keys["apuestas"] != strconv.Itoa(bets) {
					s.t.Errorf("log %d: %+v", i, line)
				}
				drawn = true
				known++
			case "apuesta_recibida":
				n, err := strconv.Atoi(line.Keys["cantidad"])
				if err != nil || drawn && line.Result == "success" {
					s.t.Errorf("log %d: %+v", i, line)
				}
				if line.Result == "success" {
					logged += n
				}
			}
		}
	}
	if draws > 1 || draws == 0 && s.killed.centrals == 0 || known < len(s.centrals) || logged > bets {
		s.t.Errorf("%d draws, which %d centrals have seen; the cantidades add up to %d of %d bets", draws, known, logged, bets)
	}
}
