package replica

import (
	"hash/crc32"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

const (
	// maxRows is how many bytes of rows one entry holds: about half of what a
	// message of NATS may hold.
	maxRows = 512 << 10

	// maxTable is how many bytes the header of an entry holds. That of a message
	// in a replicated stream may have 64 KiB. One batch needs at most half of it:
	// some 8,000 bytes of documents that have all won, each byte escaped.
	maxTable = 60 << 10

	// segmentLine is what the line of a segment needs at most, its winners left out.
	segmentLine = 100
)

// group gathers the bets of all sessions that are appended in one entry.
type group struct {
	segments []Segment
	sessions []*session // of the segments
	rows     []byte
	table    int // bytes of the header, at most
}

// fits tells whether a segment may be added. An empty group takes any.
func (g *group) fits(s *Segment) bool {
	return len(g.segments) == 0 || len(g.rows)+s.Length <= maxRows && g.table+tableSize(s) <= maxTable
}

// add adds a segment; one that continues the last one is joined to it.
func (g *group) add(owner *session, s Segment, rows []byte) {
	g.rows = append(g.rows, rows...)
	g.table += tableSize(&s)
	if last := len(g.segments) - 1; last >= 0 && g.sessions[last] == owner {
		joined := &g.segments[last]
		joined.Count += s.Count
		joined.Sum = s.Sum
		joined.Length += s.Length
		joined.Winners = append(joined.Winners, s.Winners...)
		return
	}
	g.segments = append(g.segments, s)
	g.sessions = append(g.sessions, owner)
}

// tableSize is how many bytes a segment needs in the header, at most: an escaped byte
// becomes four.
func tableSize(s *Segment) int {
	size := segmentLine
	for _, document := range s.Winners {
		size += 3 + 4*len(document)
	}
	return size
}

// entry makes the entry of a group.
func (g *group) entry(author string) *Bets {
	return &Bets{Author: author, Segments: g.segments, BodySum: crc32.Checksum(g.rows, castagnoli), Body: g.rows}
}

// enqueue adds a segment to the group that is filling. While that has no room it
// waits until the group is taken.
func (c *Central) enqueue(s *session, segment Segment, rows []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for s.reason == nil && !c.filling.fits(&segment) {
		taken := c.taken
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
	c.filling.add(s, segment, rows)
	s.queued, s.sum = segment.End(), segment.Sum
	signal(c.filled)
	return nil
}

// take returns the group that is filling, and begins another. It returns nil if the
// group is empty.
func (c *Central) take() *group {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.filling.segments) == 0 {
		return nil
	}
	g := c.filling
	c.filling = new(group)
	if last := len(c.spare) - 1; last >= 0 {
		c.filling.rows, c.spare = c.spare[last], c.spare[:last]
	}
	close(c.taken)
	c.taken = make(chan struct{})
	return g
}

// settle tells whether each segment of a group is settled: its session has ended, or
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
	c.spare = append(c.spare, g.rows[:0]) // at most one for each entry in flight, and one
	return true
}

// commit implements central.Commit.
type commit struct {
	stored  int
	end     lottery.Offset
	settled chan struct{}
	err     error // to be read after settled
}

var _ central.Commit = (*commit)(nil)

func (c *commit) Ready() bool         { return isClosed(c.settled) }
func (c *commit) Wait() error         { <-c.settled; return c.err }
func (c *commit) Stored() int         { return c.stored }
func (c *commit) End() lottery.Offset { return c.end }

// await returns the commit of bets that are queued. Under central.mu.
func (s *session) await(stored int, end lottery.Offset) *commit {
	c := &commit{stored: stored, end: end, settled: make(chan struct{})}
	s.pending = append(s.pending, c)
	s.resolve()
	return c
}
