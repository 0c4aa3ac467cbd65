package store

import (
	"errors"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
)

// group is a set of batches that are written and synced together.
//
//	filling ──take──▶ writing ──append: write, fsync──▶ durable
//	   │                 │
//	   └─────discard─────┴──────▶ failed
//
// At any moment one group is filling: StoreBets adds batches to it. At most one is
// writing. The first goroutine that waits for the filling group while nobody writes
// becomes the writer. It takes that group. Another group begins to fill, and fills during
// the write. If the write fails, both groups fail: an agency's bets in the filling group
// may follow bets that are lost.
type group struct {
	buffers
	bets    uint64
	winners []draw.Winner // those among the bets

	taken chan struct{} // closed when it is no longer filling
	done  chan struct{} // closed when it is durable or has failed
	err   error         // why it has failed; read it only after done is closed
}

// buffers are the memory of a group. A later group reuses them.
type buffers struct {
	rows    []byte
	touched []*agency // that have bets in the group
}

// newGroup returns an empty group with room for that many bytes of rows. It reuses
// the buffers of an older group.
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

// await waits until event is closed: the channel taken or done of the group g. If nobody
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

// write writes a group, unless another goroutine has written it. The caller holds
// s.writer, so no other group is being written.
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

// take makes g the group being written, and begins another group. It returns false if g
// is not filling any more.
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

// discard forgets all bets that are not durable, of every agency: those of the group
// that could not be written, and those of the group that filled during the write. The
// caller holds s.mu.
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

// finish wakes all goroutines that wait for a group, and keeps its buffers for the next
// group. The caller holds s.mu.
func (s *Store) finish(g *group, err error) {
	g.err = err
	s.spare, g.buffers = g.buffers, buffers{}
	close(g.done)
}
