package store

import (
	"errors"
	"fmt"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
)

// group is a number of batches that are written and synced together.
type group struct {
	buffers
	bets    uint64
	winners []lottery.Winner // among them

	taken chan struct{} // closed when it gathers no more
	done  chan struct{} // closed when it is durable, or refused
	err   error         // why it was refused; to be read after done
}

// buffers are what a group that is done leaves to a later one.
type buffers struct {
	rows    []byte
	touched []*agency // that have bets in the group
}

// newGroup returns an empty group with room for so many bytes of rows, which
// cost no memory before they are used.
func newGroup(used buffers, room int) *group {
	if used.rows == nil {
		used.rows = make([]byte, 0, room)
	}
	return &group{
		buffers: buffers{used.rows[:0], used.touched[:0]},
		taken:   make(chan struct{}),
		done:    make(chan struct{}),
	}
}

// Commit is a batch on its way to the disk.
type Commit struct {
	store  *Store
	group  *group // nil when all of the batch is durable already
	stored int
	end    lottery.Offset
}

// Ready tells whether Wait would return at once.
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

// Wait returns when the batch is durable, or with an error when no bet of it
// that was new is stored (ErrRefused), or when that is unknown (ErrBroken). It
// writes to the disk itself unless someone else is doing so.
func (c *Commit) Wait() error {
	if c.group == nil {
		return nil
	}
	c.store.lead(c.group, c.group.done)
	return c.group.err
}

// Stored tells how many bets of the batch were new.
func (c *Commit) Stored() int { return c.stored }

// End is the position behind the batch in its agency's sequence. Once Wait has
// returned nil, all bets before it are durable.
func (c *Commit) End() lottery.Offset { return c.end }

// StoreBets queues a batch whose first bet is number at (from 0) of its agency.
// What of it is queued already it skips; a batch that begins later than that is
// refused with ErrGap, and one with a bet that is not valid with an error that
// wraps lottery.ErrInvalidBet. The bets must be of that agency; they and their
// texts may be reused after the return. While too much is queued it waits for
// the disk.
//
// The digest, if there is one, replaces Options.Digest for these bets: who has
// them in another form may have a faster way to the same sum. It is called with
// those that are new, the last of the batch.
//
// Rows are encoded outside the lock, on the assumption that nobody else moves
// this agency meanwhile. When it proves wrong, it begins again.
func (s *Store) StoreBets(id lottery.AgencyID, at lottery.Offset, bets []lottery.Bet, digest Digest) (*Commit, error) {
	for i := range bets {
		if bets[i].Agency != id {
			return nil, fmt.Errorf("store bets of agency %d: bet %d is of agency %d", id, i, bets[i].Agency)
		}
	}
	if digest == nil {
		digest = s.digest
	}
	scratch := s.scratch.Get().(*[]byte)
	defer s.scratch.Put(scratch)
	end := at + lottery.Offset(len(bets))
	for {
		a, queued, known, err := s.position(id, at, end)
		if known != nil || err != nil {
			return known, err
		}
		fresh := bets[queued.Bets-at:]
		rows, err := appendBatch((*scratch)[:0], queued.Bets, fresh)
		*scratch = rows
		if err != nil {
			return nil, err
		}
		next := State{Bets: end, Sum: digest(queued.Sum, fresh)}
		g, err := s.enqueue(a, queued, next, rows, appendWinners(nil, fresh))
		if err != nil {
			return nil, err
		}
		if g != nil {
			return &Commit{store: s, group: g, stored: len(fresh), end: end}, nil
		}
	}
}

// position tells how far the agency is queued. If that covers the batch, it
// gives the commit of the group that holds the batch's last bet.
func (s *Store) position(id lottery.AgencyID, at, end lottery.Offset) (*agency, State, *Commit, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refusal != nil {
		return nil, State{}, nil, s.refusal
	}
	a := s.agency(id)
	if at > a.queued.Bets {
		return nil, State{}, nil, fmt.Errorf("%w: agency %d has %d, the batch begins at %d", ErrGap, id, a.queued.Bets, at)
	}
	var holder *group
	switch {
	case end > a.queued.Bets:
		return a, a.queued, nil, nil
	case end > a.flushing.Bets:
		holder = s.filling
	case end > a.durable.Bets:
		holder = s.flushing
	}
	return a, a.queued, &Commit{store: s, group: holder, end: end}, nil
}

// enqueue adds rows, and the winners among them, which take the agency from one
// state to the next, to the group being filled. It returns nil if the agency is
// not in that state any more.
func (s *Store) enqueue(a *agency, from, next State, rows []byte, winners []lottery.Winner) (*group, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.refusal == nil && a.queued == from && s.full(len(rows)) {
		g := s.filling
		s.mu.Unlock()
		s.lead(g, g.taken)
		s.mu.Lock()
	}
	if s.refusal != nil {
		return nil, s.refusal
	}
	if a.queued != from {
		return nil, nil
	}
	g := s.filling
	if a.queued == a.flushing {
		g.touched = append(g.touched, a)
	}
	a.queued = next
	g.rows = append(g.rows, rows...)
	g.winners = append(g.winners, winners...)
	g.bets += uint64(next.Bets - from.Bets)
	return g, nil
}

// full tells whether n bytes more are too many. An empty group takes any batch.
func (s *Store) full(n int) bool {
	return len(s.filling.rows) > 0 && len(s.filling.rows)+n > s.room
}

// lead waits for an event in the life of a group, and brings it about by
// writing the group if nobody else is writing.
func (s *Store) lead(g *group, event <-chan struct{}) {
	select {
	case <-event: // first: an idle token must not win over it
		return
	default:
	}
	select {
	case <-event:
	case s.token <- struct{}{}:
		s.flush(g)
		<-s.token
	}
}

// flush writes a group, unless it was written meanwhile. The caller holds the
// token, so that no other group is being written.
func (s *Store) flush(g *group) {
	if !s.take(g) {
		return
	}
	var err error
	if len(g.rows) > 0 {
		err = s.file.append(g.rows)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.refuse(err)
		return
	}
	for _, a := range g.touched {
		a.durable = a.flushing
	}
	s.bets += g.bets
	s.size += int64(len(g.rows))
	s.winners = append(s.winners, g.winners...)
	s.flushing = nil
	s.finish(g, nil)
}

// take makes g the group being written, and begins another.
func (s *Store) take(g *group) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.filling != g {
		return false
	}
	for _, a := range g.touched {
		a.flushing = a.queued
	}
	s.flushing, s.filling = g, newGroup(s.spare, s.room)
	s.spare = buffers{}
	close(g.taken)
	return true
}

// refuse forgets all that is not durable, of every agency: the group that could
// not be written, and the one that gathered behind it. Under s.mu.
func (s *Store) refuse(err error) {
	if errors.Is(err, ErrBroken) {
		s.refusal = err
	}
	written, gathered := s.flushing, s.filling
	for _, g := range []*group{written, gathered} {
		for _, a := range g.touched {
			a.queued, a.flushing = a.durable, a.durable
		}
	}
	s.flushing, s.filling = nil, newGroup(s.spare, s.room)
	s.spare = buffers{}
	close(gathered.taken)
	s.finish(gathered, err)
	s.finish(written, err)
}

// finish wakes all who wait for a group and keeps its buffers for the next.
// Under s.mu.
func (s *Store) finish(g *group, err error) {
	g.err = err
	s.spare, g.buffers = g.buffers, buffers{}
	close(g.done)
}
