package replica

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// claimed begins a session that may be superseded.
func claimed(t *testing.T, c *Central, id lottery.AgencyID, order uint64) (s central.Session, superseded chan struct{}) {
	t.Helper()
	superseded = make(chan struct{})
	s, err := c.Claim(t.Context(), id, order, func() { close(superseded) })
	if err != nil {
		t.Fatal(err)
	}
	return s, superseded
}

func queued(t *testing.T, s central.Session, id lottery.AgencyID, at, end lottery.Offset) central.Commit {
	t.Helper()
	commit, err := s.StoreBets(at, batch(id, at, end), records(id, at, end))
	if err != nil {
		t.Fatal(err)
	}
	return commit
}

// within checks how long something takes in simulated time.
func within(t *testing.T, what string, least, most time.Duration, wait func()) {
	t.Helper()
	begin := time.Now()
	wait()
	if took := time.Since(begin); took < least || took > most {
		t.Errorf("%s took %v, expected %v to %v", what, took, least, most)
	}
}

// A batch is stored when the log has acknowledged it and the fold has accepted it,
// not before.
func TestAcknowledgement(t *testing.T) {
	for _, tt := range []struct {
		name string
		fate outcome
	}{
		{"the fold is late", outcome{copies: 1, after: time.Second}},
		{"the answer is late", outcome{copies: 1, answered: time.Second}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := newMemoryLog(reliable)
				s, _ := claimed(t, start(t, log, Options{Agencies: 1}), 1, 1)
				log.set(func() { log.fate = func(Entry) outcome { return tt.fate } })
				commit := queued(t, s, 1, 0, 10)
				synctest.Wait()
				if commit.Ready() {
					t.Error("stored at once")
				}
				within(t, "storing", time.Second, time.Second, func() { _ = commit.Wait() })
			})
		})
	}
}

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
		for order := range uint64(3) {
			go func() {
				superseded := make(chan struct{})
				s, err := c.Claim(t.Context(), 1, order, func() { close(superseded) })
				if err == nil && order < 2 {
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

// A central that was stopped leaves nobody waiting.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog(reliable)
		c := New(log, Options{Agencies: 1})
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan error)
		go func() { stopped <- c.Run(ctx) }()
		<-c.Ready()
		s, _ := claimed(t, c, 1, 1)
		log.set(func() { log.silent = true })
		commit := queued(t, s, 1, 0, 10)
		within(t, "stopping", 0, 0, func() {
			stop()
			if err := <-stopped; err != nil {
				t.Error(err)
			}
			if err := commit.Wait(); !errors.Is(err, central.ErrUnknown) {
				t.Error(err)
			}
			if _, err := c.Claim(context.Background(), 1, 2, func() {}); !errors.Is(err, central.ErrUnavailable) {
				t.Error(err)
			}
		})
	})
}

// All centrals answer with the same winners, each after the publish delay; one of them
// says that it has drawn. A central that starts later knows the draw, and does not
// wait.
func TestDraw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog(reliable)
		announced := make(chan DrawnBy, 3)
		options := Options{Agencies: 2, PublishDelay: time.Minute, Announce: func(how DrawnBy, bets uint64, winners int) {
			if bets != 50 || winners != 5 {
				t.Errorf("drawn among %d bets with %d winners", bets, winners)
			}
			announced <- how
		}}
		a, b := start(t, log, options), start(t, log, options)
		one, _ := claimed(t, a, 1, 1)
		two, _ := claimed(t, b, 2, 1)
		if err := queued(t, one, 1, 0, 20).Wait(); err != nil {
			t.Fatal(err)
		}
		if err := queued(t, two, 2, 0, 30).Wait(); err != nil {
			t.Fatal(err)
		}
		var order []int
		arrived := func(missing int) { order = append(order, missing) }
		if err := errors.Join(one.Finish(20, arrived), two.Finish(30, arrived)); err != nil || !slices.Equal(order, []int{1, 0}) {
			t.Errorf("finished: %v, missing %v", err, order)
		}
		for _, tt := range []struct {
			session central.Session
			want    []string
		}{{one, []string{"3", "13"}}, {two, []string{"3", "13", "23"}}} {
			if got, err := tt.session.Winners(t.Context()); err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("winners %q, %v; want %q", got, err, tt.want)
			}
		}
		if how := []DrawnBy{<-announced, <-announced}; how[0]+how[1] != ThisCentral+AnotherCentral || how[0] == how[1] {
			t.Errorf("announced: %v", how)
		}
		late := start(t, log, options)
		if how := <-announced; how != Before {
			t.Errorf("announced by the late central: %v", how)
		}
		within(t, "a late answer", 0, 0, func() {
			s, _ := claimed(t, late, 1, 1)
			if got, err := s.Winners(t.Context()); err != nil || !slices.Equal(got, []string{"3", "13"}) {
				t.Errorf("winners %q, %v", got, err)
			}
		})
	})
}

// Centrals refuse a log that they cannot trust, and say why.
func TestRefusedLog(t *testing.T) {
	drawn := []Entry{&Claim{Agency: 1, Nonce: "a"}, &Finished{Agency: 1, Session: 1}}
	fold := NewFold()
	for i, e := range drawn {
		if err := fold.Apply(uint64(i+1), e); err != nil {
			t.Fatal(err)
		}
	}
	draw := fold.NextDraw(1, "a")
	wrong := *draw
	wrong.Hash = strings.Repeat("0", len(wrong.Hash))
	for _, tt := range []struct {
		name     string
		agencies int
		log      func(*memoryLog)
		want     string
	}{
		{"a damaged header", 1, func(l *memoryLog) { l.storeHeader([]string{"claim 1 0 a", "crc 00000000"}, nil) }, "after entry 2"},
		{"a draw of something else", 1, func(l *memoryLog) { l.store(&wrong) }, "entry 3"},
		{"a draw among others", 2, func(l *memoryLog) { l.store(draw) }, "among 1 agencies"},
		{"no leader", 1, func(l *memoryLog) { l.silent = true }, errSilent.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := newMemoryLog(reliable)
				for _, e := range drawn {
					log.store(e)
				}
				tt.log(log)
				announce := func(how DrawnBy, bets uint64, winners int) { t.Error("announced") }
				err := New(log, Options{Agencies: tt.agencies, Announce: announce}).Run(t.Context())
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got error %v, want %q", err, tt.want)
				}
			})
		})
	}
}

// A central that begins with a checkpoint reads only what comes after; one that is
// damaged, or of another log, it does not use.
func TestColdStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog(reliable)
		first := start(t, log, Options{Agencies: 1})
		s, _ := claimed(t, first, 1, 1)
		for n := range lottery.Offset(checkpointEvery + 10) {
			if err := queued(t, s, 1, n, n+1).Wait(); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		want := string(first.fold.Checkpoint())
		if len(log.checkpoint) == 0 {
			t.Fatal("no checkpoint")
		}
		damaged := slices.Clone(log.checkpoint)
		damaged[20] ^= 1
		for name, checkpoint := range map[string][]byte{"saved": log.checkpoint, "none": nil, "damaged": damaged,
			"of a longer log": (&Fold{Sequence: 1 << 40}).Checkpoint()} {
			log.set(func() { log.checkpoint = checkpoint })
			c := New(log, Options{Agencies: 1})
			if err := c.begin(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := c.fold.Sequence; (got > 0) != (name == "saved") {
				t.Errorf("%s: begins after entry %d", name, got)
			}
			c = start(t, log, Options{Agencies: 1})
			if got := string(c.fold.Checkpoint()); got != want {
				t.Errorf("%s: the fold is %q, want %q", name, got, want)
			}
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
