package e2e

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// The duration and the seed of the crash tests. The environment variables CRASH_FOR and
// CRASH_SEED are the defaults of the flags.
var (
	crashFor  = flag.Duration("crash.for", fromEnv("CRASH_FOR", 10*time.Second, time.ParseDuration), "how long the crash tests go on")
	crashSeed = flag.Uint64("crash.seed", fromEnv("CRASH_SEED", uint64(time.Now().UnixNano()), parseSeed), "the seed of the crash tests")
)

func parseSeed(text string) (uint64, error) { return strconv.ParseUint(text, 10, 64) }

func fromEnv[T any](name string, otherwise T, parse func(string) (T, error)) T {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	value, err := parse(text)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", name, err))
	}
	return value
}

// crashBatches are the batch sizes of the agencies, by id from 1.
var crashBatches = []int{1, 7, 64, 500}

// TestCrashes kills the server and the agencies at random moments, and starts them again,
// until all agencies have their winners. Then every bet is stored exactly once, the
// winners are right, and there was one draw. The test repeats that for crashFor, in clear
// and over TLS.
func TestCrashes(t *testing.T) {
	t.Logf("go test ./internal/systest/e2e -run TestCrashes -crash.for %v -crash.seed %d", *crashFor, *crashSeed)
	var total crashes
	rounds := 0
	for end := time.Now().Add(*crashFor); rounds == 0 || time.Now().Before(end); rounds++ {
		random := rand.New(rand.NewPCG(*crashSeed, uint64(rounds)))
		ok := t.Run(fmt.Sprintf("round %d", rounds), func(t *testing.T) {
			total.add(crashRound(t, random, rounds%2 == 0, (rounds+1)/2%2 == 1))
		})
		if !ok {
			t.Fatalf("seed %d, round %d", *crashSeed, rounds)
		}
	}
	t.Logf("%d rounds; the server was killed %d times, agencies %d times, %d torn rows were cut off, %d draws recovered",
		rounds, total.server, total.agencies, total.torn, total.recovered)
}

// crashes counts what happened in a crash test.
type crashes struct{ server, agencies, torn, recovered int }

func (c *crashes) add(o crashes) {
	c.server += o.server
	c.agencies += o.agencies
	c.torn += o.torn
	c.recovered += o.recovered
}

// crashRun is a lottery whose processes are killed. The maps are by agency.
type crashRun struct {
	*lottery
	random  *rand.Rand
	data    map[int][][]string // the rows of the data files
	server  *processtest.Process
	logs    [][]logtest.Line             // of each server that has ended
	running map[int]*processtest.Process // the agencies that run
	count   crashes
}

func crashRound(t *testing.T, random *rand.Rand, sync, tls bool) crashes {
	s := &crashRun{
		lottery: newLottery(t, len(crashBatches), "SERVER_STORAGE_SYNC="+strconv.FormatBool(sync),
			"SERVER_PUBLISH_DELAY="+strconv.Itoa(random.IntN(30))+"ms"),
		random:  random,
		data:    make(map[int][][]string),
		running: make(map[int]*processtest.Process),
	}
	if tls {
		s.secure()
	}
	for i, batch := range crashBatches {
		id := i + 1
		s.data[id] = difficultRows(id, random.IntN(1500*min(batch, 10)))
	}
	s.server = s.startServer()
	for id := range s.data {
		s.start(id)
	}
	// The number of kills varies: with few of them the lottery makes much progress
	// between two, with many it makes little.
	for kills := 5 + random.IntN(40); kills > 0 && len(s.running) > 0; kills-- {
		s.wait(time.Duration(random.Int64N(int64(100 * time.Millisecond))))
		if len(s.running) > 0 {
			s.kill()
		}
	}
	for len(s.running) > 0 {
		s.wait(time.Second)
	}
	s.server.Stop(syscall.SIGTERM)
	s.keepLog(s.server)
	s.check(sync)
	return s.count
}

func (s *crashRun) start(id int) {
	s.running[id] = s.startAgency(id, s.data[id], crashBatches[id-1])
}

// wait waits for d. It also checks the agencies that have ended, and removes them from
// running.
func (s *crashRun) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for _, id := range slices.Sorted(maps.Keys(s.running)) {
		select {
		case <-s.running[id].Done():
			checkAgency(s.t, s.running[id], winners(s.data[id]))
			delete(s.running, id)
		default:
		}
	}
	<-timer.C
}

// kill kills the server, an agency, or both. It starts them again, sometimes after a
// pause.
func (s *crashRun) kill() {
	ids := slices.Sorted(maps.Keys(s.running))
	id := ids[s.random.IntN(len(ids))]
	which := s.random.IntN(4) // 0: the agency; 1: both; 2 or 3: the server
	down := time.Duration(s.random.Int64N(int64(50 * time.Millisecond)))
	if which != 0 {
		s.server.Kill()
		s.keepLog(s.server)
		s.count.server++
	}
	if which <= 1 {
		s.killAgency(id)
	}
	if s.random.IntN(3) == 0 {
		time.Sleep(down)
	}
	if which <= 1 {
		s.start(id)
	}
	if which != 0 {
		s.server = s.startServer()
	}
}

func (s *crashRun) killAgency(id int) {
	p := s.running[id]
	p.Kill()
	s.count.agencies++
	s.checkLines(p)
}

// keepLog checks the log of a server that has ended, and adds it to logs.
func (s *crashRun) keepLog(server *processtest.Process) {
	lines := s.checkLines(server)
	s.logs = append(s.logs, lines)
	s.count.torn += len(logtest.Select(lines, "fila_incompleta", "success"))
	s.count.recovered += len(logtest.Select(lines, "sorteo_recuperado", "success"))
}

// checkLines checks and returns a process's log. It leaves out a last line that the kill
// has cut.
func (l *lottery) checkLines(p *processtest.Process) []logtest.Line {
	lines := p.Lines()
	if n := len(lines) - 1; n >= 0 {
		if _, err := logtest.ParseLine(lines[n]); err != nil {
			lines = lines[:n]
		}
	}
	if stderr := p.ErrorLines(); len(stderr) > 0 {
		l.t.Errorf("prints on stderr: %q", stderr)
	}
	return logtest.ParseLines(l.t, lines)
}

// check checks a lottery that has ended.
func (s *crashRun) check(sync bool) {
	s.checkStored(s.data)
	bets, logged, drawn := 0, 0, false
	for _, rows := range s.data {
		bets += len(rows)
	}
	for i, lines := range s.logs {
		for _, line := range lines {
			switch {
			case line.Action == "sorteo" || line.Action == "sorteo_recuperado":
				if line.Result != "success" || drawn && line.Action == "sorteo" || line.Keys["apuestas"] != strconv.Itoa(bets) {
					s.t.Errorf("server %d: %+v", i, line)
				}
				drawn = true
			case line.Action == "apuesta_recibida":
				n, err := strconv.Atoi(line.Keys["cantidad"])
				if err != nil || line.Result != "success" || drawn {
					s.t.Errorf("server %d: %+v", i, line)
				}
				logged += n
			case line.Result == "fail" && line.Action != "sesion" && line.Action != "tls":
				s.t.Errorf("server %d: %+v", i, line)
			}
		}
	}
	// A server that is killed between the write to the disk and the log has not
	// logged the bets.
	if !drawn || logged > bets || s.count.server == 0 && logged != bets {
		s.t.Errorf("drawn: %v; the cantidades add up to %d of %d bets (sync: %v)", drawn, logged, bets, sync)
	}
}
