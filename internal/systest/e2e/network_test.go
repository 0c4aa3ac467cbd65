package e2e

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// TestCrashesOfTheNetwork has every agency upload through a proxy that splits and delays
// what is sent, and breaks connections, until all agencies have their winners. Then every
// bet is stored exactly once, the winners are right, and there was one draw. The test
// repeats that for half of crashFor, and until the proxies have broken connections in
// every way. Some lotteries are in clear, some over TLS.
func TestCrashesOfTheNetwork(t *testing.T) {
	t.Logf("go test ./internal/systest/e2e -run TestCrashesOfTheNetwork -crash.for %v -crash.seed %d", *crashFor, *crashSeed)
	var done faults
	rounds := uint64(0)
	for end := time.Now().Add(*crashFor / 2); time.Now().Before(end) || !done.allWays(); rounds++ {
		random := rand.New(rand.NewPCG(*crashSeed, rounds))
		ok := t.Run(fmt.Sprintf("round %d", rounds), func(t *testing.T) {
			networkRound(t, random, rounds%2 == 0, (rounds+1)/2%2 == 1, &done)
		})
		if !ok {
			t.Fatalf("seed %d, round %d", *crashSeed, rounds)
		}
	}
	t.Logf("%d rounds; %v", rounds, &done)
}

func networkRound(t *testing.T, random *rand.Rand, sync, tls bool, done *faults) {
	s := &crashRun{
		lottery: newLottery(t, len(crashBatches), "SERVER_STORAGE_SYNC="+strconv.FormatBool(sync)),
		data:    make(map[int][][]string),
		running: make(map[int]*processtest.Process),
	}
	if tls {
		s.secure()
	}
	s.server = s.startServer()
	server := "127.0.0.1:" + strconv.Itoa(s.port)
	for i, batch := range crashBatches {
		id := i + 1
		s.data[id] = difficultRows(id, random.IntN(300*min(batch, 10)))
		p := newProxy(t, server, random.Uint64(), id, done)
		s.running[id] = s.startAgency(id, s.data[id], batch, "CLI_SERVER_ADDRESS="+p.address())
	}
	for id, p := range s.running {
		checkAgency(t, p, winners(s.data[id]))
	}
	s.server.Stop(syscall.SIGTERM)
	s.keepLog(s.server)
	s.check(sync)
}
