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
func claimed(t *testing.T, c *Central, id lottery.AgencyID, number uint64) (s central.Session, superseded chan struct{}) {
	t.Helper()
	superseded = make(chan struct{})
	s, err := c.Claim(t.Context(), id, number, func() { close(superseded) })
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

// A central that was stopped leaves nobody waiting.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog(reliable)
		c := New(log, Options{Agencies: 2})
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan error)
		go func() { stopped <- c.Run(ctx) }()
		<-c.Ready()
		s, _ := claimed(t, c, 1, 1)
		log.set(func() { log.silent = true })
		commit := queued(t, s, 1, 0, 10)
		claim := make(chan error)
		go func() {
			_, err := c.Claim(context.Background(), 2, 2, func() {})
			claim <- err
		}()
		synctest.Wait()
		within(t, "stopping", 0, 0, func() {
			stop()
			if err := <-stopped; err != nil {
				t.Error(err)
			}
			if err := commit.Wait(); !errors.Is(err, central.ErrUnknown) {
				t.Error(err)
			}
			if err := <-claim; !errors.Is(err, central.ErrUnavailable) {
				t.Errorf("a claim that waits: %v", err)
			}
			if _, err := c.Claim(context.Background(), 1, 3, func() {}); !errors.Is(err, central.ErrUnavailable) {
				t.Errorf("a claim after that: %v", err)
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
