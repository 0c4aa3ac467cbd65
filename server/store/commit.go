package store

import (
	"fmt"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
)

// Commit is the handle of a queued batch; Wait waits until the batch is durable.
type Commit struct {
	store *Store
	group *group // nil when all of the batch is durable already
	fresh int
	end   lottery.Offset
}

// Ready returns whether Wait would return at once.
func (c *Commit) Ready() bool {
	if c.group == nil {
		return true
	}
	select {
	case <-c.group.done:
		return true
	default:
		return false
	}
}

// Wait returns nil when the batch is durable. It fails with ErrNotStored if no new
// bet of the batch is stored, and with ErrBroken if that is unknown. Wait writes to
// the disk itself unless another goroutine is writing.
func (c *Commit) Wait() error {
	if c.group == nil {
		return nil
	}
	c.store.await(c.group, c.group.done)
	return c.group.err
}

// Fresh returns how many bets of the batch were new.
func (c *Commit) Fresh() int { return c.fresh }

// End returns the offset after the last bet of the batch. After Wait has returned nil,
// all bets before that offset are durable.
func (c *Commit) End() lottery.Offset { return c.end }

// StoreBets is the course's store_bets. It queues a batch, and skips the bets that are
// queued already. at is the offset of the first bet. All bets must be of the agency.
// records are their records as the protocol encodes them; the store adds them to the
// agency's checksum. The caller may reuse bets and records after the return.
//
// It fails with central.ErrGap if the batch begins after the last queued bet, and with
// lottery.ErrInvalidBet if a bet is not valid. While too much is queued it waits for
// the disk.
//
// The loop encodes the rows without the lock. It begins again if another goroutine
// queues bets of this agency at the same time, or if a write of queued bets fails.
func (s *Store) StoreBets(id lottery.AgencyID, at lottery.Offset, bets []lottery.Bet, records []byte) (*Commit, error) {
	for i := range bets {
		if bets[i].Agency != id {
			return nil, fmt.Errorf("store bets of agency %d: bet %d is of agency %d", id, i, bets[i].Agency)
		}
	}
	encoded := s.encoded.Get().(*encoded)
	defer s.encoded.Put(encoded)
	end := at + lottery.Offset(len(bets))
	for {
		a, queued, repeated, err := s.position(id, at, end)
		if repeated != nil || err != nil {
			return repeated, err
		}
		old, fresh := bets[:queued.Bets-at], bets[queued.Bets-at:]
		if err := encoded.encode(queued.Bets, fresh); err != nil {
			return nil, err
		}
		next := State{Bets: end, Sum: protocol.Checksum(queued.Sum, records[protocol.SizeOfRecords(old):])}
		g, err := s.enqueue(a, queued, next, encoded)
		if err != nil {
			return nil, err
		}
		if g != nil {
			return &Commit{store: s, group: g, fresh: len(fresh), end: end}, nil
		}
	}
}

// encoded is a batch in the forms in which it is kept.
type encoded struct {
	rows    []byte // of bets.csv
	winners []draw.Winner
}

// encode validates and encodes bets. at is the offset of the first one. It fails for the
// first bet that is not valid.
func (e *encoded) encode(at lottery.Offset, bets []lottery.Bet) error {
	e.rows, e.winners = e.rows[:0], e.winners[:0]
	rows, invalid, err := betcsv.AppendRows(e.rows, bets)
	if err != nil {
		return fmt.Errorf("bet %d: %w", at+lottery.Offset(invalid), err)
	}
	e.rows = rows
	for i := range bets {
		e.winners = appendWinner(e.winners, &bets[i])
	}
	return nil
}

// position returns an agency and its queued state. If all bets from at to end are queued
// already, it also returns their commit: that of the group that holds the last of them.
func (s *Store) position(id lottery.AgencyID, at, end lottery.Offset) (_ *agency, queued State, repeated *Commit, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		return nil, State{}, nil, s.failure
	}
	a := s.agency(id)
	if at > a.queued.Bets {
		return nil, State{}, nil, fmt.Errorf("%w: agency %d has %d, the batch begins at %d", central.ErrGap, id, a.queued.Bets, at)
	}
	var holder *group
	switch {
	case end > a.queued.Bets:
		return a, a.queued, nil, nil
	case end > a.writing.Bets:
		holder = s.filling
	case end > a.durable.Bets:
		holder = s.writing
	}
	return a, a.queued, &Commit{store: s, group: holder, end: end}, nil
}

// enqueue adds an encoded batch to the group that is filling. from and next are the
// agency's states before and after the batch. It returns no group if the agency is not
// in the state from any more.
func (s *Store) enqueue(a *agency, from, next State, batch *encoded) (*group, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.failure == nil && a.queued == from && s.full(len(batch.rows)) {
		g := s.filling
		s.mu.Unlock()
		s.await(g, g.taken)
		s.mu.Lock()
	}
	if s.failure != nil {
		return nil, s.failure
	}
	if a.queued != from {
		return nil, nil
	}
	g := s.filling
	if a.queued == a.writing { // the agency's first batch in the group
		g.touched = append(g.touched, a)
	}
	a.queued = next
	g.rows = append(g.rows, batch.rows...)
	g.winners = append(g.winners, batch.winners...)
	g.bets += uint64(next.Bets - from.Bets)
	return g, nil
}

// full returns whether the filling group has no room for n more bytes. An empty group
// takes any batch. The caller holds s.mu.
func (s *Store) full(n int) bool {
	return len(s.filling.rows) > 0 && len(s.filling.rows)+n > s.room
}
