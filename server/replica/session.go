package replica

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

var errFinished = errors.New("the agency has finished")

// session implements central.Session. Its bets count while its number is the
// current session of its agency in the fold.
type session struct {
	central    *Central
	agency     lottery.AgencyID
	number     SessionNumber
	superseded func()
	release    func() // lets the next connection of the agency claim

	block []byte // of the batch that StoreBets encodes

	// Under central.mu:
	queued   lottery.Offset // taken by StoreBets
	sum      uint32         // protocol.Checksum of the bets up to queued
	accepted lottery.Offset // counted by the fold
	durable  lottery.Offset // accepted, and their entries acknowledged by the log
	pending  []*commit
	finish   *finish       // that Finish waits for; else nil
	ended    chan struct{} // closed when nothing more of it counts
	reason   error         // why, or nil
}

// finish waits until the fold knows that the agency has finished.
type finish struct {
	arrived func(missing int)
	settled chan struct{}
}

func newSession(c *Central, id lottery.AgencyID, a Agency, superseded func()) *session {
	return &session{central: c, agency: id, number: a.Session, superseded: superseded, ended: make(chan struct{}),
		queued: a.Bets, sum: a.Sum, accepted: a.Bets, durable: a.Bets}
}

// end settles whatever is pending. If the reason is ErrSuperseded, what the fold has
// accepted is stored, and the rest is not. After any other reason, all that is not durable
// yet fails with that reason. Under central.mu.
func (s *session) end(reason error) {
	s.reason = reason
	close(s.ended)
	if errors.Is(reason, central.ErrSuperseded) {
		s.durable = s.accepted // the fold shows what is in the log
	}
	s.resolve()
}

// resolve wakes who waits for a commit that is settled. Under central.mu.
func (s *session) resolve() {
	s.pending = slices.DeleteFunc(s.pending, func(c *commit) bool {
		if c.end > s.durable && s.reason == nil {
			return false
		}
		if c.end > s.durable {
			c.err = s.reason
		}
		close(c.settled)
		return true
	})
}

// State implements central.Session.
func (s *session) State() central.State {
	s.central.mu.Lock()
	defer s.central.mu.Unlock()
	a := s.central.fold.Agency(s.agency)
	return central.State{Stored: a.Bets, Sum: a.Sum, Finished: a.Finished, Drawn: isClosed(s.central.released)}
}

// StoreBets implements central.Session. It encodes the batch without the lock: only
// one goroutine calls it, so that nothing else is queued meanwhile.
func (s *session) StoreBets(at lottery.Offset, bets []lottery.Bet, records []byte) (central.Commit, error) {
	for i := range bets {
		if bets[i].Agency != s.agency {
			return nil, fmt.Errorf("store bets of agency %d: bet %d is of agency %d", s.agency, i, bets[i].Agency)
		}
	}
	end := at + lottery.Offset(len(bets))
	known, queued, sum, err := s.position(at, end)
	switch {
	case err != nil:
		return nil, err
	case known != nil:
		return known, nil
	}
	repeated, fresh := bets[:queued-at], bets[queued-at:]
	segment, err := s.encode(queued, fresh)
	if err != nil {
		return nil, err
	}
	segment.Sum = protocol.Checksum(sum, records[protocol.SizeOfRecords(repeated):])
	if err := s.central.enqueue(s, segment, s.block); err != nil {
		return nil, err
	}
	s.central.mu.Lock()
	defer s.central.mu.Unlock()
	return s.await(len(fresh), end), nil
}

// position returns how far bets are queued. If that covers the batch, it gives the
// commit of the batch.
func (s *session) position(at, end lottery.Offset) (*commit, lottery.Offset, uint32, error) {
	s.central.mu.Lock()
	defer s.central.mu.Unlock()
	switch {
	case s.reason != nil:
		return nil, 0, 0, s.reason
	case at > s.queued:
		return nil, 0, 0, fmt.Errorf("%w: agency %d has %d, the batch begins at %d", central.ErrGap, s.agency, s.queued, at)
	case end <= s.queued:
		return s.await(0, end), 0, 0, nil
	case s.central.fold.Agency(s.agency).Finished:
		return nil, 0, 0, errFinished
	}
	return nil, s.queued, s.sum, nil
}

// encode encodes bets that begin at an offset. It fails for the first that is not
// valid.
func (s *session) encode(at lottery.Offset, bets []lottery.Bet) (Segment, error) {
	block, invalid, err := AppendBlock(s.block[:0], bets)
	if err != nil {
		return Segment{}, fmt.Errorf("bet %d: %w", at+lottery.Offset(invalid), err)
	}
	if s.block = block; len(block) > MaxBody {
		return Segment{}, fmt.Errorf("a batch has %d bytes, more than %d", len(block), MaxBody)
	}
	segment := Segment{Agency: s.agency, Session: s.number, Offset: at, Count: lottery.Offset(len(bets)), Length: len(block)}
	for i := range bets {
		if lottery.HasWon(&bets[i]) { // its text is part of a larger one
			segment.Winners = append(segment.Winners, strings.Clone(bets[i].Document))
		}
	}
	return segment, nil
}

// Finish implements central.Session.
func (s *session) Finish(total lottery.Offset, arrived func(missing int)) error {
	c := s.central
	c.mu.Lock()
	a := c.fold.Agency(s.agency)
	mine := &finish{arrived: arrived, settled: make(chan struct{})}
	var err error
	switch {
	case s.reason != nil:
		err = s.reason
	case total != a.Bets:
		err = fmt.Errorf("%w: agency %d sent %d bets, %d are stored", central.ErrTotal, s.agency, total, a.Bets)
	case !a.Finished:
		s.finish = mine
	}
	c.mu.Unlock()
	if err != nil || a.Finished {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience, central.ErrUnknown)
	defer cancel()
	err = c.repeat(ctx, &Finished{Agency: s.agency, Session: s.number, Total: total}, mine.settled, s.ended)
	c.mu.Lock()
	pending := s.finish == mine
	s.finish = nil
	reason := s.reason
	c.mu.Unlock()
	switch {
	case !pending: // the fold has taken it, and calls arrived
		<-mine.settled
		return nil
	case reason != nil:
		return reason
	}
	return err
}

// Winners implements central.Session. It fails also when the session has ended.
func (s *session) Winners(ctx context.Context) ([]string, error) {
	c := s.central
	select {
	case <-c.released:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-s.ended:
		c.mu.Lock()
		defer c.mu.Unlock()
		return nil, s.reason
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fold.Agency(s.agency).Winners, nil
}

// Release implements central.Session.
func (s *session) Release() {
	c := s.central
	c.mu.Lock()
	if c.sessions[s.agency] == s {
		delete(c.sessions, s.agency)
		s.end(central.ErrSuperseded)
	}
	c.mu.Unlock()
	s.release()
}
