package draw

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

const delay = time.Minute

var errDisk = errors.New("disk on fire")

// stage is the world around a draw. It notes what the draw does, and can stop
// or fail it at each step.
type stage struct {
	bets  []lottery.Bet
	steps []string
	after map[string]func() error // called at a step; its error fails the step
	ctx   context.Context
	stop  context.CancelFunc
	draw  *Draw
}

func newStage(t *testing.T, agencies int, past History, bets ...lottery.Bet) *stage {
	s := &stage{bets: bets, after: make(map[string]func() error)}
	s.ctx, s.stop = context.WithCancel(t.Context())
	s.draw = New(s, s, past, Options{
		Agencies:     agencies,
		PublishDelay: delay,
		Announce: func(recovered bool, bets uint64, winners int) {
			_ = s.step(fmt.Sprintf("announce %t %d %d", recovered, bets, winners))
		},
	})
	return s
}

func (s *stage) step(name string) error {
	s.steps = append(s.steps, name)
	word, _, _ := strings.Cut(name, " ")
	if after := s.after[word]; after != nil {
		return after()
	}
	return nil
}

func (s *stage) Winners() (won []Winner, stored uint64) {
	_ = s.step("winners")
	for i := range s.bets {
		if b := &s.bets[i]; lottery.HasWon(b) {
			won = append(won, Winner{b.Agency, b.Document})
		}
	}
	return won, uint64(len(s.bets))
}

func (s *stage) RecordFinished(id lottery.AgencyID, total lottery.Offset) error {
	return s.step(fmt.Sprintf("finished %d %d", id, total))
}

func (s *stage) RecordDraw(agencies int) error {
	return s.step(fmt.Sprintf("record %d", agencies))
}

func (s *stage) wantSteps(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(s.steps, want) {
		t.Errorf("steps: %q, want %q", s.steps, want)
	}
}

func ignore(int) {}

func entry(agency lottery.AgencyID, document string, number int64) lottery.Bet {
	return lottery.Bet{Agency: agency, Document: document, Number: number}
}

func all(n int, total lottery.Offset) History {
	h := History{Finished: make(map[lottery.AgencyID]lottery.Offset)}
	for id := lottery.AgencyID(1); id <= lottery.AgencyID(n); id++ {
		h.Finished[id] = total
	}
	return h
}

func TestDrawTakesItsStepsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 2, History{},
			entry(1, "11", 7574), entry(2, "21", 1), entry(1, "12", 7574), entry(9, "91", 7574), entry(2, "22", 7575))
		held := make(chan error, 1)
		go func() { s.draw.Run(s.ctx); close(held) }()
		for _, id := range []lottery.AgencyID{2, 1} {
			if s.draw.HasFinished(id) {
				t.Errorf("agency %d has finished already", id)
			}
			synctest.Wait() // nothing happens before all have finished
			arrived := func(missing int) { _ = s.step(fmt.Sprintf("arrived %d %d", id, missing)) }
			if err := s.draw.Finish(id, 2, 2, arrived); err != nil {
				t.Fatal(err)
			}
		}
		begin := time.Now()
		synctest.Wait()
		if s.draw.Held() {
			t.Error("the results are out before the publish delay")
		}
		winners, err := s.draw.Winners(s.ctx, 1)
		if err != nil || !slices.Equal(winners, []string{"11", "12"}) {
			t.Errorf("winners of 1: %q, %v", winners, err)
		}
		if took := time.Since(begin); took != delay {
			t.Errorf("released after %v, want %v", took, delay)
		}
		if winners, err := s.draw.Winners(s.ctx, 2); len(winners) != 0 || err != nil {
			t.Errorf("winners of 2: %q, %v", winners, err)
		}
		if err := <-held; err != nil || !s.draw.Held() {
			t.Errorf("Run: %v, held: %t", err, s.draw.Held())
		}
		s.wantSteps(t, "finished 2 2", "arrived 2 1", "finished 1 2", "arrived 1 0", "winners", "record 2", "announce false 5 3")
	})
}

func TestRecoveredDrawIsReleasedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		past := all(1, 1)
		past.Drawn = true
		s := newStage(t, 1, past, entry(1, "11", 7574))
		begin := time.Now()
		s.draw.Run(s.ctx)
		if winners, err := s.draw.Winners(s.ctx, 1); err != nil || !slices.Equal(winners, []string{"11"}) {
			t.Errorf("winners: %q, %v", winners, err)
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("took %v", took)
		}
		s.wantSteps(t, "winners", "announce true 1 1")
	})
}

func TestDrawCarriesOnWithWhoIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 3, all(2, 0))
		go s.draw.Run(s.ctx)
		synctest.Wait()
		if len(s.steps) > 0 || s.draw.Missing() != 1 || !s.draw.HasFinished(2) || s.draw.HasFinished(3) {
			t.Errorf("steps %q, missing %d", s.steps, s.draw.Missing())
		}
		if err := s.draw.Finish(3, 0, 0, ignore); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		s.wantSteps(t, "finished 3 0", "winners", "record 3", "announce false 0 0")
		s.stop()
	})
}

// All agencies finish twice, at once, and wait: one draw, and for each its own.
func TestDrawOfManyAgencies(t *testing.T) {
	for _, n := range []int{1, 2, 200} {
		synctest.Test(t, func(t *testing.T) {
			var bets []lottery.Bet
			for id := lottery.AgencyID(1); id <= lottery.AgencyID(n); id++ {
				bets = append(bets, entry(id, fmt.Sprint(id), 7574), entry(id, "no", 0))
			}
			s := newStage(t, n, History{}, bets...)
			journal := &counting{finished: make(chan lottery.AgencyID, 2*n)}
			s.draw.journal = journal
			go s.draw.Run(s.ctx)
			var missing []int
			arrived := func(n int) {
				if journal.draws > 0 {
					t.Error("an agency arrives after the draw")
				}
				missing = append(missing, n)
			}
			for id := lottery.AgencyID(1); id <= lottery.AgencyID(n); id++ {
				for range 2 {
					go func() {
						if err := s.draw.Finish(id, 2, 2, arrived); err != nil {
							t.Error(err)
						}
						winners, err := s.draw.Winners(s.ctx, id)
						if err != nil || !slices.Equal(winners, []string{fmt.Sprint(id)}) {
							t.Errorf("winners of %d: %q, %v", id, winners, err)
						}
					}()
				}
			}
			time.Sleep(2 * delay)
			synctest.Wait()
			if journal.draws != 1 || len(journal.finished) < n {
				t.Errorf("%d draws, %d notifications recorded", journal.draws, len(journal.finished))
			}
			for i := range n {
				if len(missing) != n || missing[i] != n-1-i {
					t.Fatalf("missing: %d", missing)
				}
			}
		})
	}
}

type counting struct {
	finished chan lottery.AgencyID
	draws    int
}

func (c *counting) RecordFinished(id lottery.AgencyID, _ lottery.Offset) error {
	c.finished <- id
	return nil
}
func (c *counting) RecordDraw(int) error { c.draws++; return nil }

func TestWithoutAgenciesThereIsNoDraw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 0, History{}, entry(1, "11", 7574))
		time.AfterFunc(1000*time.Hour, s.stop)
		if s.draw.Run(s.ctx); s.draw.Held() || s.draw.Expects(1) {
			t.Errorf("held: %t", s.draw.Held())
		}
		s.wantSteps(t)
	})
}

// Whoever wants to hear nothing of the draw leaves Announce out.
func TestDrawWithoutAnnouncement(t *testing.T) {
	s := newStage(t, 1, History{}, entry(1, "11", 7574))
	d := New(s, s, all(1, 1), Options{Agencies: 1})
	if d.Run(t.Context()); !d.Held() {
		t.Error("not held")
	}
	s.wantSteps(t, "winners", "record 1")
}
