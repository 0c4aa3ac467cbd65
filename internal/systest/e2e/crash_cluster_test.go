package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// TestClusterCrashes kills centrals, NATS servers and agencies at random moments, and
// starts them again, until all agencies have their winners. Then every bet is in the log
// exactly once, the winners are right, and there was one draw. The test repeats that for
// crashFor, but begins no round that would end long after.
func TestClusterCrashes(t *testing.T) {
	t.Logf("go test ./internal/systest/e2e -run TestClusterCrashes -crash.for %v -crash.seed %d", *crashFor, *crashSeed)
	const roundTime = 15 * time.Second // about what one takes
	var total clusterCrashes
	rounds := 0
	end := time.Now().Add(*crashFor)
	for ; rounds == 0 || time.Until(end) > roundTime; rounds++ {
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

// clusterRun is a lottery on several centrals whose processes are killed.
type clusterRun struct {
	*crashRun
	cluster *replicated
	killed  clusterCrashes
}

func clusterRound(t *testing.T, random *rand.Rand, end time.Time, total *clusterCrashes) {
	s := newClusterRun(t, random)
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
	s.killed.agencies = s.count.agencies
	total.add(s.killed)
	s.cluster.checkExport()
	for _, central := range s.cluster.centrals {
		central.Stop(syscall.SIGTERM)
	}
	// A central that is killed between the draw and the log has not logged it.
	if draws := s.cluster.draws(); draws > 1 || draws == 0 && s.killed.centrals == 0 {
		t.Errorf("sorteo is logged %d times", draws)
	}
}

func newClusterRun(t *testing.T, random *rand.Rand) *clusterRun {
	data := make(map[int][][]string)
	for i, batch := range crashBatches {
		data[i+1] = difficultRows(i+1, random.IntN(3000*min(batch, 10)))
	}
	cluster := newReplicated(t, data, "SERVER_PUBLISH_DELAY="+strconv.Itoa(random.IntN(30))+"ms")
	cluster.clients = append(cluster.clients, "CLI_SERVER_ADDRESS="+cluster.address())
	return &clusterRun{
		crashRun: &crashRun{lottery: cluster.lottery, random: random, data: data, running: make(map[int]*processtest.Process)},
		cluster:  cluster,
	}
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
		s.killCentrals(len(s.cluster.centrals), pause)
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
	servers := s.cluster.nats.Servers
	victims := s.random.Perm(len(servers))[:n]
	for _, i := range victims {
		servers[i].Kill()
	}
	s.killed.nats += n
	time.Sleep(pause)
	for _, i := range victims {
		if err := servers[i].Start(); err != nil {
			s.t.Fatal(err)
		}
	}
}

// killCentrals does not wait until the centrals listen again: without a majority of the
// NATS servers that would be never.
func (s *clusterRun) killCentrals(n int, pause time.Duration) {
	victims := s.random.Perm(len(s.cluster.centrals))[:n]
	for _, i := range victims {
		s.cluster.kill(i)
	}
	s.killed.centrals += n
	time.Sleep(pause)
	for _, i := range victims {
		s.cluster.start(i)
	}
}
