package replica

import (
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// queue holds the bets that the sessions of a central have queued and the sender has not
// taken yet. While the sender has as many entries in flight as it may, one group gathers
// the bets of all sessions; that is the group commit. Under Central.mu, except filled.
type queue struct {
	filling *group
	filled  chan struct{} // capacity 1: filling holds bets
	taken   chan struct{} // closed when filling is taken
	spare   [][]byte      // the memory of groups that are settled, for later ones
}

func newQueue() queue {
	return queue{filling: new(group), filled: make(chan struct{}, 1), taken: make(chan struct{})}
}

// take returns the group that is filling, and begins another. It returns nil if the
// group is empty.
func (q *queue) take() *group {
	if len(q.filling.segments) == 0 {
		return nil
	}
	g := q.filling
	q.filling = new(group)
	if last := len(q.spare) - 1; last >= 0 {
		q.filling.body, q.spare = q.spare[last], q.spare[:last]
	}
	close(q.taken)
	q.taken = make(chan struct{})
	return g
}

// recycle keeps the memory of a group for a later one. There is at most one spare for
// each entry in flight, and one.
func (q *queue) recycle(body []byte) { q.spare = append(q.spare, body[:0]) }

// enqueue adds a segment to the group that is filling. While that has no room it
// waits until the group is taken.
func (c *Central) enqueue(s *session, segment Segment, block []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for s.reason == nil && !c.queue.filling.fits(&segment) {
		taken := c.queue.taken
		c.mu.Unlock()
		select {
		case <-taken:
		case <-s.ended:
		}
		c.mu.Lock()
	}
	if s.reason != nil {
		return s.reason
	}
	c.queue.filling.add(s, segment, block)
	s.queued, s.sum = segment.End(), segment.Sum
	signal(c.queue.filled)
	return nil
}

// take takes the group that is filling. It returns nil if that is empty.
func (c *Central) take() *group {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queue.take()
}

// settle returns whether each segment of a group is settled: its session has ended, or
// the log has acknowledged the group and the fold has accepted the segment. Then it
// wakes who waits for them.
func (c *Central) settle(g *group, acknowledged bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, s := range g.sessions {
		if s.reason == nil && (!acknowledged || s.accepted < g.segments[i].End()) {
			return false
		}
	}
	for i, s := range g.sessions {
		if s.reason == nil {
			s.durable = max(s.durable, g.segments[i].End())
			s.resolve()
		}
	}
	c.queue.recycle(g.body)
	return true
}

// commit implements central.Commit.
type commit struct {
	fresh   int
	end     lottery.Offset
	settled chan struct{}
	err     error // to be read after settled
}

var _ central.Commit = (*commit)(nil)

func (c *commit) Ready() bool         { return isClosed(c.settled) }
func (c *commit) Wait() error         { <-c.settled; return c.err }
func (c *commit) Fresh() int          { return c.fresh }
func (c *commit) End() lottery.Offset { return c.end }

// await returns the commit of bets that are queued. Under central.mu.
func (s *session) await(fresh int, end lottery.Offset) *commit {
	c := &commit{fresh: fresh, end: end, settled: make(chan struct{})}
	s.pending = append(s.pending, c)
	s.resolve()
	return c
}
