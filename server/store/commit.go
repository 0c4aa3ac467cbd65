package store

import (
	"errors"
	"fmt"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
)

// group is a set of batches that are written and synced together.
//
//	filling ──take──▶ writing ──append: write, fsync──▶ durable
//	   │                 │
//	   └─────discard─────┴──────▶ failed
//
// At any moment one group is filling: StoreBets adds to it. At most one is
// writing. Whoever waits first for the filling group becomes the writer: it takes
// that group, and so begins another, which fills during the write. If the write
// fails, both groups fail, because the bets of the filling group follow the bets that
// are lost.
type group struct {
	buffers
	bets    uint64
	winners []draw.Winner // among them

	taken chan struct{} // closed when it is no longer filling
	done  chan struct{} // closed when it is durable or has failed
	err   error         // why it has failed; to be read after done
}

// buffers are the memory of a group that is done, which a later one reuses.
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

// Commit is the handle of a queued batch; Wait waits until the batch is durable.
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

// Stored tells how many bets of the batch were new.
func (c *Commit) Stored() int { return c.stored }

// End is the position after the batch in its agency's sequence. Once Wait has
// returned nil, all bets before it are durable.
func (c *Commit) End() lottery.Offset { return c.end }

// StoreBets is the course's store_bets. It queues a batch whose first bet is number
// at (from 0) of its agency, and skips the bets that are queued already. All bets must
// be of the agency. records are their records as the protocol encodes them; the store
// adds them to the agency's checksum. The caller may reuse bets and records after the
// return.
//
// It fails with central.ErrGap if the batch begins after the last queued bet, and with
// lottery.ErrInvalidBet if a bet is not valid. While too much is queued it waits for
// the disk.
//
// Rows are encoded without the lock. If another goroutine queues or loses bets of
// this agency meanwhile, the loop begins again.
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
		a, queued, known, err := s.position(id, at, end)
		if known != nil || err != nil {
			return known, err
		}
		repeated, fresh := bets[:queued.Bets-at], bets[queued.Bets-at:]
		if err := encoded.encode(queued.Bets, fresh); err != nil {
			return nil, err
		}
		next := State{Bets: end, Sum: protocol.Checksum(queued.Sum, records[sizeOfRecords(repeated):])}
		g, err := s.enqueue(a, queued, next, encoded)
		if err != nil {
			return nil, err
		}
		if g != nil {
			return &Commit{store: s, group: g, stored: len(fresh), end: end}, nil
		}
	}
}

// sizeOfRecords is the size of the records of some bets in bytes.
func sizeOfRecords(bets []lottery.Bet) (size int) {
	for i := range bets {
		size += protocol.RecordSize(&bets[i])
	}
	return size
}

// encoded is a batch in the forms in which it is kept.
type encoded struct {
	rows    []byte // of bets.csv
	winners []draw.Winner
}

// encode encodes bets, of which the first is number at (from 0) of its agency. It
// fails for the first that is not valid.
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

// position tells how far the agency is queued. If that covers the batch, it
// returns the commit of the group that holds the batch's last bet.
func (s *Store) position(id lottery.AgencyID, at, end lottery.Offset) (*agency, State, *Commit, error) {
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

// enqueue adds an encoded batch, which takes the agency from one state to the
// next, to the group that is filling. It returns nil if the agency is not in that
// state any more.
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

// full tells whether n bytes more are too many. An empty group takes any batch.
func (s *Store) full(n int) bool {
	return len(s.filling.rows) > 0 && len(s.filling.rows)+n > s.room
}

// await waits until event, which is taken or done of a group, is closed. If nobody
// is writing, it writes the group itself.
func (s *Store) await(g *group, event <-chan struct{}) {
	select {
	case <-event: // checked first: a select picks at random when both cases are ready
		return
	default:
	}
	select {
	case <-event:
	case s.writer <- struct{}{}:
		s.write(g)
		<-s.writer
	}
}

// write writes a group, unless it was written meanwhile. The caller is the
// writer, so no other group is being written.
func (s *Store) write(g *group) {
	if !s.take(g) {
		return
	}
	err := s.Err() // the journal may have broken the store
	if err == nil && len(g.rows) > 0 {
		err = s.file.append(g.rows)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.discard(err)
		return
	}
	for _, a := range g.touched {
		a.durable = a.writing
	}
	s.bets += g.bets
	s.winners = append(s.winners, g.winners...)
	s.writing = nil
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
		a.writing = a.queued
	}
	s.writing, s.filling = g, newGroup(s.spare, s.room)
	s.spare = buffers{}
	close(g.taken)
	return true
}

// discard forgets all that is not durable, of every agency: the group that could
// not be written, and the one that filled meanwhile. Under s.mu.
func (s *Store) discard(err error) {
	if errors.Is(err, ErrBroken) {
		s.breakDown(err)
	}
	written, filled := s.writing, s.filling
	for _, g := range []*group{written, filled} {
		for _, a := range g.touched {
			a.queued, a.writing = a.durable, a.durable
		}
	}
	s.writing, s.filling = nil, newGroup(s.spare, s.room)
	s.spare = buffers{}
	close(filled.taken)
	s.finish(filled, err)
	s.finish(written, err)
}

// finish wakes all who wait for a group and keeps its buffers for the next.
// Under s.mu.
func (s *Store) finish(g *group, err error) {
	g.err = err
	s.spare, g.buffers = g.buffers, buffers{}
	close(g.done)
}
