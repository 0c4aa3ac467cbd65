package centraltest

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// The session before is told, and the next one begins with all that it stored.
func testSupersede(s *suite) {
	superseded := make(chan struct{})
	old, err := s.central.Claim(s.ctx, 1, 1, func() { close(superseded) })
	if err != nil {
		s.Fatal(err)
	}
	s.store(old, 1, 0, 10, 10)
	stored := lottery.Offset(10)
	commits := []central.Commit{s.queue(old, 1, 10, 20), s.queue(old, 1, 20, 30)}
	claimed := make(chan central.Session, 1)
	go func() {
		defer close(claimed)
		if session, err := s.central.Claim(s.ctx, 1, 2, func() { s.Error("the newest is superseded") }); err != nil {
			s.Error(err)
		} else {
			claimed <- session
		}
	}()
	s.wait(superseded, "the old session is superseded")
	for _, commit := range commits {
		switch err := commit.Wait(); {
		case err == nil:
			stored = commit.End()
		case !errors.Is(err, central.ErrSuperseded) && !errors.Is(err, central.ErrUnknown):
			s.Errorf("a batch of the old session: %v", err)
		}
	}
	old.Release()
	young, ok := <-claimed
	if !ok {
		s.FailNow()
	}
	defer young.Release()
	if got := young.State(); got.Stored < stored || got.Sum != s.sum(bets(1, 0, got.Stored)) {
		s.Errorf("the next session begins with %d bets, %d were acknowledged", got.Stored, stored)
	}
	s.store(young, 1, young.State().Stored, 40, int(40-young.State().Stored))
	s.want(young, 1, 40, false, false)
}

// The claim of an older connection, when it comes late, does not supersede the newer.
func testLateClaim(s *suite) {
	young := s.claim(1, 7)
	defer young.Release()
	s.store(young, 1, 0, 3, 3)
	if _, err := s.central.Claim(s.ctx, 1, 6, func() {}); !errors.Is(err, central.ErrSuperseded) {
		s.Errorf("an older claim: %v", err)
	}
	s.store(young, 1, 3, 6, 3)
	s.want(young, 1, 6, false, false)
}

// Each session begins where the one before ended, after that is released.
func testChainOfClaims(s *suite) {
	for n := range lottery.Offset(10) {
		session := s.claim(1, uint64(n+1))
		s.want(session, 1, n*5, false, false)
		s.store(session, 1, n*5, n*5+5, 5)
		session.Release()
	}
}

// Many sessions of one agency come at once and upload until they are superseded. The
// newest uploads all of the rest. What any session was told is stored.
func testRaceOfClaims(s *suite) {
	const sessions, total = 12, 600
	var mu sync.Mutex
	var acknowledged [sessions + 1]lottery.Offset // by session
	upload := func(number uint64) {
		var superseded atomic.Bool
		session, err := s.central.Claim(s.ctx, 1, number, func() { superseded.Store(true) })
		if errors.Is(err, central.ErrSuperseded) && number < sessions {
			return
		}
		if err != nil {
			s.Errorf("claim %d: %v", number, err)
			return
		}
		defer session.Release()
		mu.Lock()
		before := slices.Max(acknowledged[:number]) // by older ones
		mu.Unlock()
		begin := session.State()
		if begin.Stored < before {
			s.Errorf("claim %d begins with %d bets, %d were acknowledged", number, begin.Stored, before)
		}
		if begin.Sum != s.sum(bets(1, 0, begin.Stored)) {
			s.Errorf("claim %d begins with another checksum of %d bets", number, begin.Stored)
		}
		for from := begin.Stored; from < total && !superseded.Load(); {
			end := min(total, from+1+lottery.Offset(rand.IntN(20)))
			commit, err := s.try(session, 1, from, end)
			if err == nil {
				err = commit.Wait()
			}
			if err != nil {
				if !superseded.Load() && !errors.Is(err, central.ErrSuperseded) {
					s.Errorf("session %d: %v", number, err)
				}
				return
			}
			mu.Lock()
			acknowledged[number] = end
			mu.Unlock()
			from = end
		}
		if number == sessions && superseded.Load() {
			s.Error("the newest is superseded")
		}
	}
	var running sync.WaitGroup
	for _, number := range rand.Perm(sessions) {
		running.Go(func() { upload(uint64(number) + 1) })
	}
	running.Wait()
	last := s.claim(1, sessions+1)
	defer last.Release()
	s.want(last, 1, total, false, false)
}
