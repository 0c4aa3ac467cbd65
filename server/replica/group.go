package replica

const (
	// MaxBody is how many bytes of blocks one entry holds at most: about half of what
	// a message of NATS may hold.
	MaxBody = 512 << 10

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
	body     []byte     // the blocks of the segments
	table    int        // bytes of the header, at most
}

// fits returns whether a segment may be added. An empty group takes any.
func (g *group) fits(s *Segment) bool {
	return len(g.segments) == 0 || len(g.body)+s.Length <= MaxBody && g.table+tableSize(s) <= maxTable
}

// add adds a segment; one that continues the last one is joined to it.
func (g *group) add(owner *session, s Segment, block []byte) {
	g.body = append(g.body, block...)
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
func (g *group) entry(author string) *Bets { return NewBets(author, g.segments, g.body) }
