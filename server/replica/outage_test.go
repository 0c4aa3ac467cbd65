package replica

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// When an entry is lost, it and those after it are appended again, together.
func TestGoBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog(reliable)
		s, _ := claimed(t, start(t, log, Options{Agencies: 1}), 1, 1)
		seen := 0
		log.set(func() {
			log.fate = func(Entry) outcome {
				if seen++; seen == 1 {
					return lost
				}
				return stored
			}
		})
		var commits []central.Commit
		for n := range lottery.Offset(6) {
			commits = append(commits, queued(t, s, 1, n*10, n*10+10))
			synctest.Wait() // an entry for each, while there is room
		}
		within(t, "storing", silence, silence, func() {
			for _, c := range commits {
				if err := c.Wait(); err != nil {
					t.Error(err)
				}
			}
		})
		if want := maxInFlight + maxInFlight + 1; seen != want { // the last holds what did not fit
			t.Errorf("%d entries were appended, want %d", seen, want)
		}
		if got := s.State().Stored; got != 60 {
			t.Errorf("%d are stored", got)
		}
	})
}

// Without a quorum nothing is acknowledged and nothing is refused; when it is back,
// the central serves again.
func TestNoQuorum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog(reliable)
		c := start(t, log, Options{Agencies: 2})
		s, superseded := claimed(t, c, 1, 1)
		waiting, _ := claimed(t, c, 2, 1)
		quiet := time.Now()
		log.set(func() { log.silent = true })
		if err := c.Storage(); err != nil {
			t.Errorf("the storage: %v", err)
		}
		const long = patience + 2*silence
		commit := queued(t, s, 1, 0, 10)
		for name, wait := range map[string]func() error{
			"the commit":  commit.Wait,
			"the end":     func() error { return waiting.Finish(0, func(int) { t.Error("has finished") }) },
			"the winners": func() error { _, err := waiting.Winners(t.Context()); return err },
		} {
			go within(t, name, patience-time.Second, long, func() {
				if err := wait(); !errors.Is(err, central.ErrUnknown) {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		go func() {
			<-superseded
			_ = commit.Wait()
			s.Release()
		}()
		within(t, "a claim", patience, long+patience, func() {
			if _, err := c.Claim(t.Context(), 1, 2, func() {}); !errors.Is(err, central.ErrUnavailable) {
				t.Errorf("a claim: %v", err)
			}
		})
		time.Sleep(long)
		if err := c.Storage(); !errors.Is(err, errCut) || !strings.Contains(err.Error(), quiet.UTC().Format(time.RFC3339)) {
			t.Errorf("the storage, silent since %v: %v", quiet, err)
		}
		within(t, "a claim after that", 0, 0, func() {
			if _, err := c.Claim(t.Context(), 1, 3, func() {}); !errors.Is(err, central.ErrUnavailable) {
				t.Errorf("a claim after that: %v", err)
			}
		})
		log.set(func() { log.silent = false })
		time.Sleep(silence)
		if err := c.Storage(); err != nil {
			t.Errorf("the storage: %v", err)
		}
		s, _ = claimed(t, c, 1, 4)
		if err := queued(t, s, 1, s.State().Stored, 20).Wait(); err != nil {
			t.Error(err)
		}
	})
}

// A log that answers but stores nothing, as one whose disks are full, is given up too.
func TestNothingIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog(reliable)
		s, _ := claimed(t, start(t, log, Options{Agencies: 1}), 1, 1)
		log.set(func() { log.fate = func(Entry) outcome { return outcome{answer: errLost} } })
		commit := queued(t, s, 1, 0, 10)
		within(t, "giving up", patience, patience+silence, func() {
			if err := commit.Wait(); !errors.Is(err, central.ErrUnknown) {
				t.Error(err)
			}
		})
	})
}

// An agency that only waits for the draw is let go too, for it may be held elsewhere.
func TestCutWhileAgenciesWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog(reliable)
		s, _ := claimed(t, start(t, log, Options{Agencies: 2}), 1, 1)
		if err := s.Finish(0, func(int) {}); err != nil {
			t.Fatal(err)
		}
		log.set(func() { log.silent = true })
		within(t, "waiting", patience-silence, patience+2*silence, func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			if _, err := s.Winners(ctx); !errors.Is(err, central.ErrUnknown) {
				t.Errorf("got error %v", err)
			}
		})
	})
}

// A log that is slower than the pause after which entries are appended again still
// acknowledges.
func TestSlowLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog(reliable)
		s, _ := claimed(t, start(t, log, Options{Agencies: 1}), 1, 1)
		const late = silence + time.Second
		log.set(func() { log.fate = func(Entry) outcome { return outcome{copies: 1, after: late, answered: late} } })
		for n := range lottery.Offset(8) {
			within(t, "storing", late, late, func() {
				if err := queued(t, s, 1, n*10, n*10+10).Wait(); err != nil {
					t.Error(err)
				}
			})
		}
	})
}
