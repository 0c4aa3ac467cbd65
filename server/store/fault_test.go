package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

const (
	faultAgencies = 3
	faultBets     = 20
	faultBatch    = 7
)

// crashing is a server reduced to its files: it uploads the bets of three
// agencies, and notes that they finished and that the draw was held, also while calls
// on the files fail. It remembers what was acknowledged.
type crashing struct {
	t       *testing.T
	fs      *memFS
	restart func() // what happens to the files between two runs

	acked    [faultAgencies + 1]lottery.Offset
	finished [faultAgencies + 1]bool
	drawn    bool
	restarts int
}

const tornRow = `1,"torn`

// newCrashing has a file with a torn row, so that Open has something to cut.
func newCrashing(t *testing.T) *crashing {
	c := &crashing{t: t, fs: newMemFS(), restart: func() {}}
	c.fs.write("/data/bets.csv", []byte(tornRow))
	return c
}

// run restarts the server until all is done.
func (c *crashing) run() {
	for c.restarts = 0; !c.session(); c.restarts++ {
		if c.restarts > 20 {
			c.t.Fatal("no end of restarts")
		}
		c.restart()
	}
	if torn := c.fs.read("/data/bets.csv.torn"); !bytes.Contains(torn, []byte(tornRow)) {
		c.t.Errorf("the torn row is lost; kept is %q", torn)
	}
}

// session runs the server once. It returns whether all is done.
func (c *crashing) session() bool {
	s, err := Open(c.t.Context(), "/data/bets.csv", Options{Sync: true, Agencies: faultAgencies, FS: c.fs})
	if err != nil {
		return false
	}
	defer s.Close()
	c.check(s)
	for !c.uploaded(s) {
		if !c.round(s) {
			return false
		}
	}
	for id := lottery.AgencyID(1); id <= faultAgencies; id++ {
		if !c.retry(func() error { return s.RecordFinished(id, faultBets) }) {
			return false
		}
		c.finished[id] = true
	}
	if !c.retry(func() error { return s.RecordDraw(faultAgencies) }) {
		return false
	}
	c.drawn = true
	c.check(s)
	return s.Close() == nil
}

// retry repeats what has failed. It returns whether the journal works.
func (c *crashing) retry(record func() error) bool {
	for {
		err := record()
		if err == nil {
			return true
		}
		if !errors.Is(err, ErrNotStored) {
			return false
		}
	}
}

func (c *crashing) uploaded(s *Store) bool { return s.Bets() == faultAgencies*faultBets }

// round queues two batches of each agency, waits for all and returns whether the
// store works.
func (c *crashing) round(s *Store) bool {
	var commits [faultAgencies + 1][]*Commit
	for id := lottery.AgencyID(1); id <= faultAgencies; id++ {
		bets, at := sampleBets(id, 0, faultBets), int(s.State(id).Bets)
		for range 2 {
			end := min(at+faultBatch, len(bets))
			from := max(0, at-2) // overlaps what is stored
			commit, err := s.StoreBets(id, lottery.Offset(from), bets[from:end], recordsOf(bets[from:end]))
			if err != nil {
				return false
			}
			commits[id], at = append(commits[id], commit), end
		}
		if id == 2 { // the first group is written before the third agency queues
			commits[2][0].Wait()
		}
	}
	works := true
	for id := range commits {
		for _, commit := range commits[id] {
			err := commit.Wait()
			if err == nil {
				c.acked[id] = max(c.acked[id], commit.End())
			}
			works = works && (err == nil || errors.Is(err, ErrNotStored))
		}
	}
	if works {
		c.checkFile(s)
	}
	return works
}

// check compares what the files hold with what was acknowledged.
func (c *crashing) check(s *Store) {
	c.t.Helper()
	for id := lottery.AgencyID(1); id <= faultAgencies; id++ {
		state := s.State(id)
		if state.Bets < c.acked[id] || state != stateOf(sampleBets(id, 0, int(state.Bets))) {
			c.t.Fatalf("agency %d: %d acknowledged, state %v", id, c.acked[id], state)
		}
		if _, ok := s.Finished()[id]; c.finished[id] && !ok {
			c.t.Fatalf("agency %d: its notification is lost", id)
		}
	}
	if c.drawn && !s.Drawn() {
		c.t.Fatal("the draw is lost")
	}
	c.checkFile(s)
}

// checkFile looks for a trace of failed batches, or of torn rows.
func (c *crashing) checkFile(s *Store) {
	c.t.Helper()
	var rows []byte
	next := make(map[lottery.AgencyID]int)
	for bet, err := range loadBets(s) {
		if err != nil {
			c.t.Fatal(err)
		}
		if *bet != sampleBets(bet.Agency, next[bet.Agency], 1)[0] {
			c.t.Fatalf("agency %d: bet %d is %+v", bet.Agency, next[bet.Agency], *bet)
		}
		next[bet.Agency]++
		rows = betcsv.AppendRow(rows, bet)
	}
	if file := c.fs.read("/data/bets.csv"); !bytes.Equal(file, rows) {
		c.t.Fatalf("the file is not its rows: %q", file)
	}
}

// faults are ways for a call to fail; only writes can be short.
var faults = map[string]error{
	"fails":                 errors.New("fault"),
	"writes nothing":        shortWrite{func(int) int { return 0 }, errors.New("fault")},
	"writes one byte":       shortWrite{func(int) int { return 1 }, errors.New("fault")},
	"writes half":           shortWrite{func(n int) int { return n / 2 }, errors.New("fault")},
	"writes half in error":  shortWrite{func(n int) int { return n / 2 }, nil},
	"writes all but one":    shortWrite{func(n int) int { return n - 1 }, errors.New("fault")},
	"writes all, and fails": shortWrite{func(n int) int { return n }, errors.New("fault")},
}

// TestEveryCallFails lets each call on the files fail in turn, alone and
// together with the ones that follow, and restarts the server when it must.
func TestEveryCallFails(t *testing.T) {
	injected, survived := 0, 0
	for name, fault := range faults {
		for run := 1; run <= 3; run++ {
			for k, more := 1, true; more; k++ {
				c := newCrashing(t)
				calls := 0
				c.fs.before = func(op, _ string) error {
					if calls++; calls < k || calls >= k+run {
						return nil
					}
					injected++
					if _, short := fault.(shortWrite); short && op != "write" {
						return errors.New("fault")
					}
					return fault
				}
				c.run()
				if more = calls >= k; c.restarts == 0 && more {
					survived++
				}
				if t.Failed() {
					t.Fatalf("calls %d to %d: %s", k, k+run-1, name)
				}
			}
		}
	}
	t.Logf("%d faults injected; after %d the server went on without a restart", injected, survived)
	if survived == 0 {
		t.Error("no fault was survived without a restart")
	}
}

// TestPowerCutAtEveryCall stops the machine before each call in turn, and
// loses any part of what was not synced.
func TestPowerCutAtEveryCall(t *testing.T) {
	random := rand.New(rand.NewPCG(7574, 3))
	keeps := map[string]func(int) int{
		"nothing":    func(int) int { return 0 },
		"everything": func(n int) int { return n },
		"some":       func(n int) int { return random.IntN(n + 1) },
		"some more":  func(n int) int { return random.IntN(n + 1) },
	}
	cuts := 0
	for name, keep := range keeps {
		for _, nuls := range []bool{false, true} {
			for k, more := 1, true; more; k++ {
				what := fmt.Sprintf("call %d, keeps %s, NULs %v", k, name, nuls)
				c := newCrashing(t)
				calls, off := 0, false
				c.fs.before = func(op, _ string) error {
					if calls++; calls == k {
						off = true
						cuts++
						if op == "write" {
							return shortWrite{keep, errors.New("power cut")}
						}
					}
					if off {
						return errors.New("power cut")
					}
					return nil
				}
				c.restart = func() { off = false; c.fs.powerCut(keep, nuls) }
				c.run()
				more = calls >= k
				if t.Failed() {
					t.Fatal(what)
				}
			}
		}
	}
	t.Logf("%d power cuts", cuts)
}
