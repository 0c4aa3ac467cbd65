package draw

import (
	"context"
	"errors"
	"fmt"
	"maps"
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
	past  past
	bets  []lottery.Bet
	steps []string
	after map[string]func() error // called at a step; its error fails the step
	ctx   context.Context
	stop  context.CancelFunc
	draw  *Draw
}

// past is what the store has recorded before the start.
type past struct {
	finished map[lottery.AgencyID]lottery.Offset
	drawn    bool
}

func newStage(t *testing.T, agencies int, recorded past, bets ...lottery.Bet) *stage {
	s := &stage{past: recorded, bets: bets, after: make(map[string]func() error)}
	s.ctx, s.stop = context.WithCancel(t.Context())
	s.draw = New(s, Options{
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

func (s *stage) Finished() map[lottery.AgencyID]lottery.Offset {
	all := maps.Clone(s.past.finished)
	if all == nil {
		all = make(map[lottery.AgencyID]lottery.Offset)
	}
	return all
}

func (s *stage) Drawn() bool { return s.past.drawn }

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

func bet(agency lottery.AgencyID, document string, number int64) lottery.Bet {
	return lottery.Bet{Agency: agency, Document: document, Number: number}
}

func all(n int, total lottery.Offset) past {
	h := past{finished: make(map[lottery.AgencyID]lottery.Offset)}
	for id := lottery.AgencyID(1); id <= lottery.AgencyID(n); id++ {
		h.finished[id] = total
	}
	return h
}

func TestDrawTakesItsStepsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 2, past{},
			bet(1, "11", 7574), bet(2, "21", 1), bet(1, "12", 7574), bet(9, "91", 7574), bet(2, "22", 7575))
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
		if s.draw.Released() {
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
		if err := <-held; err != nil || !s.draw.Released() {
			t.Errorf("Run: %v, released: %t", err, s.draw.Released())
		}
		s.wantSteps(t, "finished 2 2", "arrived 2 1", "finished 1 2", "arrived 1 0", "winners", "record 2", "announce false 5 3")
	})
}

func TestRecoveredDrawIsReleasedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recorded := all(1, 1)
		recorded.drawn = true
		s := newStage(t, 1, recorded, bet(1, "11", 7574))
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

// All agencies finish twice at the same time and wait. There is one draw, and each
// agency gets its own winners.
func TestDrawOfManyAgencies(t *testing.T) {
	for _, n := range []int{1, 2, 200} {
		synctest.Test(t, func(t *testing.T) {
			var bets []lottery.Bet
			for id := lottery.AgencyID(1); id <= lottery.AgencyID(n); id++ {
				bets = append(bets, bet(id, fmt.Sprint(id), 7574), bet(id, "no", 0))
			}
			s := newStage(t, n, past{}, bets...)
			store := &counting{Store: s, finished: make(chan lottery.AgencyID, 2*n)}
			s.draw.store = store
			go s.draw.Run(s.ctx)
			var missing []int
			arrived := func(n int) {
				if store.draws > 0 {
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
			if store.draws != 1 || len(store.finished) < n {
				t.Errorf("%d draws, %d notifications recorded", store.draws, len(store.finished))
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
	Store
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
		s := newStage(t, 0, past{}, bet(1, "11", 7574))
		time.AfterFunc(1000*time.Hour, s.stop)
		if s.draw.Run(s.ctx); s.draw.Released() || s.draw.Expects(1) {
			t.Errorf("released: %t", s.draw.Released())
		}
		s.wantSteps(t)
	})
}

// Announce and Failed may be nil.
func TestDrawWithoutAnnouncement(t *testing.T) {
	s := newStage(t, 1, all(1, 1), bet(1, "11", 7574))
	d := New(s, Options{Agencies: 1})
	if d.Run(t.Context()); !d.Released() {
		t.Error("not released")
	}
	s.wantSteps(t, "winners", "record 1")
}
