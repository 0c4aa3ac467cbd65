package centraltest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// finish finishes and checks what arrived is told: -1 stands for no call.
func (s *suite) finish(session central.Session, total lottery.Offset, missing int) {
	s.Helper()
	got := -1
	if err := session.Finish(total, func(missing int) { got = missing }); err != nil {
		s.Fatalf("finish with %d: %v", total, err)
	}
	if got != missing {
		s.Errorf("finish with %d: %d are missing, want %d", total, got, missing)
	}
}

// finishWrongly finishes with a total that is not the right one.
func (s *suite) finishWrongly(session central.Session, total lottery.Offset) {
	s.Helper()
	err := session.Finish(total, func(int) { s.Errorf("finished with %d", total) })
	if !errors.Is(err, central.ErrTotal) {
		s.Errorf("finish with %d: %v", total, err)
	}
}

// Only the right total counts.
func testFinish(s *suite) {
	session := s.claim(1, 1)
	defer session.Release()
	s.store(session, 1, 0, 10, 10)
	s.finishWrongly(session, 9)
	s.finishWrongly(session, 11)
	s.want(session, 1, 10, false, false)
	s.finish(session, 10, 1)
	s.want(session, 1, 10, true, false)
}

// To finish again is no error, and counts once; the next session knows it too.
func testFinishAgain(s *suite) {
	session := s.claim(1, 1)
	s.store(session, 1, 0, 10, 10)
	s.finish(session, 10, 1)
	s.finish(session, 10, -1)
	s.finishWrongly(session, 9)
	session.Release()
	next := s.claim(1, 2)
	defer next.Release()
	s.want(next, 1, 10, true, false)
	s.finish(next, 10, -1)
	s.finishWrongly(next, 11)
	other := s.claim(2, 3) // without bets
	defer other.Release()
	s.finish(other, 0, 0)
}

// Each agency gets its own winners, after all have finished and not before.
func testWinners(s *suite) {
	totals := []lottery.Offset{35, 0, 14}
	type outcome struct {
		id      lottery.AgencyID
		winners []string
		err     error
	}
	outcomes := make(chan outcome, len(totals))
	sessions := make([]central.Session, len(totals))
	for i, total := range totals {
		id := lottery.AgencyID(i + 1)
		sessions[i] = s.claim(id, 1)
		defer sessions[i].Release()
		if total > 0 {
			s.store(sessions[i], id, 0, total, int(total))
		}
		go func() {
			winners, err := sessions[i].Winners(s.ctx)
			outcomes <- outcome{id, winners, err}
		}()
	}
	for i, total := range totals {
		select {
		case o := <-outcomes:
			s.Fatalf("agency %d has its winners while %d agencies are missing: %+v", o.id, len(totals)-i, o)
		default:
		}
		s.want(sessions[i], lottery.AgencyID(i+1), total, false, false)
		s.finish(sessions[i], total, len(totals)-i-1)
	}
	for range totals {
		o := <-outcomes
		var want []string
		for at := lottery.Offset(3); at < totals[o.id-1]; at += 10 {
			want = append(want, document(o.id, at))
		}
		if o.err != nil || !slices.Equal(o.winners, want) {
			s.Errorf("agency %d has the winners %v and error %v, want %v", o.id, o.winners, o.err, want)
		}
	}
	for i, total := range totals {
		s.want(sessions[i], lottery.AgencyID(i+1), total, true, true)
	}
}

// Whoever waits for the draw can give up.
func testWinnersCancelled(s *suite) {
	session := s.claim(1, 1)
	defer session.Release()
	s.store(session, 1, 0, 10, 10)
	s.finish(session, 10, 1)
	reason := errors.New("given up")
	ctx, cancel := context.WithTimeoutCause(s.ctx, 20*time.Millisecond, reason)
	defer cancel()
	if winners, err := session.Winners(ctx); !errors.Is(err, reason) {
		s.Errorf("got %v and error %v before the draw", winners, err)
	}
}
