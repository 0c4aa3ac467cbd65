package draw

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

func TestFinish(t *testing.T) {
	s := newStage(t, 2, past{})
	for _, tt := range []struct {
		name          string
		id            lottery.AgencyID
		total, stored lottery.Offset
		journal, want error
		missing       int
	}{
		{"too few are stored", 1, 10, 9, nil, central.ErrTotal, 2},
		{"too many are stored", 1, 10, 11, nil, central.ErrTotal, 2},
		{"the journal fails", 1, 10, 10, errDisk, errDisk, 2},
		{"at last", 1, 10, 10, nil, nil, 1},
		{"again", 1, 10, 10, errDisk, nil, 1}, // is not recorded again
		{"again, with another total", 1, 11, 11, nil, central.ErrTotal, 1},
		{"again, with a wrong total", 1, 11, 10, nil, central.ErrTotal, 1},
		{"who is not expected", 3, 0, 0, nil, nil, 1},
		{"an agency without bets", 2, 0, 0, nil, nil, 0},
	} {
		s.after["finished"] = func() error { return tt.journal }
		err := s.draw.Finish(tt.id, tt.total, tt.stored, ignore)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if got := s.draw.Missing(); got != tt.missing {
			t.Errorf("%s: %d missing, want %d", tt.name, got, tt.missing)
		}
	}
	s.wantSteps(t, "finished 1 10", "finished 1 10", "finished 3 0", "finished 2 0")
}

// A draw that is stopped at a step releases nothing. That is no failure.
func TestDrawStoppedAtEachStep(t *testing.T) {
	for _, tt := range []struct {
		step  string
		fail  error
		steps []string
	}{
		// With both to choose from, Run may hold the draw or stop.
		{"finished", nil, nil},
		{"winners", nil, []string{"finished 1 0", "winners", "record 1", "announce false 1 1"}},
		{"record", errDisk, []string{"finished 1 0", "winners", "record 1"}},
		{"record", nil, []string{"finished 1 0", "winners", "record 1", "announce false 1 1"}},
		{"announce", nil, []string{"finished 1 0", "winners", "record 1", "announce false 1 1"}},
	} {
		t.Run(tt.step, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, 1, past{}, bet(1, "11", 7574))
				s.after[tt.step] = func() error { s.stop(); return tt.fail }
				waiting := s.waiter(1)
				ran := make(chan struct{})
				go func() { s.draw.Run(s.ctx); close(ran) }()
				if err := s.draw.Finish(1, 0, 0, ignore); err != nil {
					t.Fatal(err)
				}
				<-ran
				if err := <-waiting; !errors.Is(err, context.Canceled) {
					t.Errorf("Winners: %v", err)
				}
				if s.draw.Released() {
					t.Error("released")
				}
				if tt.steps != nil {
					s.wantSteps(t, tt.steps...)
				}
			})
		})
	}
}

// waiter waits for an agency's winners and gives the error.
func (s *stage) waiter(id lottery.AgencyID) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := s.draw.Winners(s.ctx, id)
		done <- err
	}()
	return done
}

func TestDrawStoppedInThePublishDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 1, all(1, 0), bet(1, "11", 7574))
		waiting := s.waiter(1)
		begin := time.Now()
		time.AfterFunc(delay/2, s.stop)
		if s.draw.Run(s.ctx); time.Since(begin) != delay/2 {
			t.Errorf("Run took %v", time.Since(begin))
		}
		if err := <-waiting; !errors.Is(err, context.Canceled) || s.draw.Released() {
			t.Errorf("Winners: %v, released: %t", err, s.draw.Released())
		}
		s.wantSteps(t, "winners", "record 1", "announce false 1 1")
	})
}

// A draw that could not be recorded is recorded when that is possible again. Until
// then nothing is announced, and all who wait go on waiting.
func TestDrawIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 2, all(2, 0), bet(1, "11", 7574))
		failures := 0
		s.draw.options.Failed = func(err error) {
			if failures++; !errors.Is(err, errDisk) || s.draw.Released() {
				t.Errorf("failure %d: %v, released: %t", failures, err, s.draw.Released())
			}
		}
		begin := time.Now()
		s.after["record"] = func() error {
			if time.Since(begin) < time.Minute {
				return errDisk
			}
			return nil
		}
		waiting := []<-chan error{s.waiter(1), s.waiter(2)}
		s.draw.Run(s.ctx)
		for _, w := range append(waiting, s.waiter(1)) {
			if err := <-w; err != nil {
				t.Errorf("Winners: %v", err)
			}
		}
		if took := time.Since(begin); took > time.Minute+mostPause+delay || failures < 12 || failures > 200 {
			t.Errorf("recorded after %v and %d failures", took, failures)
		}
		if last := s.steps[len(s.steps)-1]; last != "announce false 1 1" {
			t.Errorf("ended with %q", last)
		}
	})
}

func TestWinnersGivesTheCauseOfTheStop(t *testing.T) {
	s := newStage(t, 1, past{})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errDisk)
	if _, err := s.draw.Winners(ctx, 1); !errors.Is(err, errDisk) {
		t.Error(err)
	}
}
