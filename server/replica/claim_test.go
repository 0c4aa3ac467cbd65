package replica

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// A session that another central supersedes is told. What the log held of it before
// counts, and nothing after.
func TestSupersededByAnotherCentral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog(reliable)
		a, b := start(t, log, Options{Agencies: 1}), start(t, log, Options{Agencies: 1})
		old, superseded := claimed(t, a, 1, 9)
		first := queued(t, old, 1, 0, 10)
		synctest.Wait()
		log.set(func() { // of the next, the log stores the first in time, and answers neither
			log.fate = func(e Entry) outcome {
				bets, isBets := e.(*Bets)
				switch {
				case isBets && bets.Segments[0].Offset == 10:
					return unheard
				case isBets:
					return outcome{copies: 1, after: time.Second, answered: -1}
				}
				return stored
			}
		})
		second := queued(t, old, 1, 10, 20)
		synctest.Wait()
		third := queued(t, old, 1, 20, 30)
		synctest.Wait()
		winners := make(chan error, 1)
		go func() {
			_, err := old.Winners(t.Context())
			winners <- err
		}()
		young, _ := claimed(t, b, 1, 1)
		<-superseded
		if state := young.State(); state.Stored != 20 {
			t.Errorf("the new session begins with %d bets", state.Stored)
		}
		for i, err := range []error{first.Wait(), second.Wait()} {
			if err != nil {
				t.Errorf("batch %d: %v", i, err)
			}
		}
		for name, err := range map[string]error{
			"the last batch": third.Wait(), "the winners": <-winners,
			"to finish": old.Finish(20, func(int) { t.Error("has finished") }),
		} {
			if !errors.Is(err, central.ErrSuperseded) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := old.StoreBets(30, batch(1, 30, 31), records(1, 30, 31)); !errors.Is(err, central.ErrSuperseded) {
			t.Errorf("a batch after that: %v", err)
		}
		old.Release()
		time.Sleep(time.Minute)
		if state := young.State(); state.Stored != 20 {
			t.Errorf("%d bets are stored", state.Stored)
		}
	})
}

// A connection that was waiting in a slow central does not supersede its successor at
// another one. It may try again, for its central cannot tell which of them is older.
func TestClaimOfASlowCentral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog(reliable)
		slow, quick := start(t, log, Options{Agencies: 1}), start(t, log, Options{Agencies: 1})
		log.set(func() { log.fate = func(Entry) outcome { return outcome{copies: 1, after: time.Second} } })
		failed := make(chan error)
		go func() {
			_, err := slow.Claim(t.Context(), 1, 1, func() {})
			failed <- err
		}()
		synctest.Wait()
		log.set(func() { log.fate = reliable })
		s, _ := claimed(t, quick, 1, 1)
		if err := <-failed; !errors.Is(err, central.ErrUnavailable) {
			t.Errorf("the older claim: %v", err)
		}
		if err := queued(t, s, 1, 0, 5).Wait(); err != nil {
			t.Errorf("the newer session: %v", err)
		}
	})
}

// Connections that come to one central at once begin their sessions one after the
// other, however late the log is.
func TestClaimsOfOneCentral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog(func(Entry) outcome { return outcome{copies: 1, after: time.Second} })
		c := start(t, log, Options{Agencies: 1})
		done := make(chan error)
		for number := range uint64(3) {
			go func() {
				superseded := make(chan struct{})
				s, err := c.Claim(t.Context(), 1, number, func() { close(superseded) })
				if err == nil && number < 2 {
					<-superseded
				}
				if err == nil {
					s.Release()
				}
				done <- err
			}()
			synctest.Wait()
		}
		for range 3 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}
