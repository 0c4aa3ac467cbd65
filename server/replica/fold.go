package replica

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// Fold is the state that the entries of the log lead to, one applied after the
// other. It is a pure function of them: every central that has applied the same
// entries has the same Fold. An entry, or a segment, that does not count is void:
// the log holds it, and it has no effect. So a central may append anything again.
type Fold struct {
	Sequence uint64 // of the entry that was applied last
	Void     uint64 // how many entries and segments were void
	Drawn    *Draw  // nil before the draw

	agencies map[lottery.AgencyID]*Agency
}

// Agency is what the fold knows of one agency.
type Agency struct {
	Session  SessionNumber // the only one whose bets count
	Bets     lottery.Offset
	Sum      uint32 // protocol.Checksum of their records
	Finished bool
	Winners  []string // the documents of its winning bets, in the order of its sequence
}

// NewFold returns the fold of an empty log.
func NewFold() *Fold { return &Fold{agencies: make(map[lottery.AgencyID]*Agency)} }

// Agency returns what is known of an agency. Do not modify Winners.
func (f *Fold) Agency(id lottery.AgencyID) Agency {
	if a := f.agencies[id]; a != nil {
		return *a
	}
	return Agency{}
}

// Missing returns how many of the agencies 1 to n have not finished.
func (f *Fold) Missing(n int) int {
	missing := n
	for id, a := range f.agencies {
		if a.Finished && uint64(id) <= uint64(n) {
			missing--
		}
	}
	return missing
}

// Totals counts the bets and the winners of all agencies.
func (f *Fold) Totals() (bets uint64, winners int) {
	for _, a := range f.agencies {
		bets += uint64(a.Bets)
		winners += len(a.Winners)
	}
	return bets, winners
}

// Apply applies the entry with the sequence number that follows the last. Its
// errors are ErrCorrupted: the fold cannot go on after one.
func (f *Fold) Apply(sequence uint64, entry Entry) error {
	if err := f.next(sequence); err != nil {
		return err
	}
	switch e := entry.(type) {
	case *Claim:
		f.claim(e)
	case *Bets:
		for i := range e.Segments {
			f.segment(&e.Segments[i])
		}
	case *Finished:
		f.finish(e)
	case *Draw:
		return f.draw(e)
	}
	return nil
}

// next takes the next sequence number: none may be missing.
func (f *Fold) next(sequence uint64) error {
	if sequence != f.Sequence+1 {
		return fmt.Errorf("%w: entry %d follows entry %d", ErrCorrupted, sequence, f.Sequence)
	}
	f.Sequence = sequence
	return nil
}

// claim begins a session if the expected one is the current one. A claim that the
// log holds twice counts once, for the expected session is gone by then.
func (f *Fold) claim(c *Claim) {
	a := f.agency(c.Agency)
	if c.Expected != a.Session {
		f.Void++
		return
	}
	a.Session = SessionNumber(f.Sequence)
}

// segment returns whether a segment counts: it is of the current session and continues
// the agency's sequence. Before the end of the sequence it is a duplicate, after it a
// gap.
func (f *Fold) segment(s *Segment) (counts bool) {
	a := f.agency(s.Agency)
	if s.Session != a.Session || s.Offset != a.Bets || a.Finished {
		f.Void++
		return false
	}
	a.Bets, a.Sum = s.End(), s.Sum
	a.Winners = append(a.Winners, s.Winners...)
	return true
}

func (f *Fold) finish(e *Finished) {
	a := f.agency(e.Agency)
	if e.Session != a.Session || e.Total != a.Bets || a.Finished {
		f.Void++
		return
	}
	a.Finished = true
}

// draw counts if it is the first after all agencies have finished. Then it must
// be what this fold would have drawn.
func (f *Fold) draw(d *Draw) error {
	if f.Drawn != nil || d.Agencies < 1 || f.Missing(d.Agencies) > 0 {
		f.Void++
		return nil
	}
	own := f.NextDraw(d.Agencies, d.Author)
	if *d != *own {
		return fmt.Errorf("%w: %q was drawn, this central finds %q", ErrCorrupted, d.head(), own.head())
	}
	f.Drawn = d
	return nil
}

// NextDraw returns the draw among the agencies 1 to n with what is stored now.
func (f *Fold) NextDraw(n int, author string) *Draw {
	bets, winners := f.Totals()
	return &Draw{Agencies: n, Bets: bets, Winners: winners, Hash: f.Hash(), Author: author}
}

// Hash is the SHA-256 of what the draw depends on: each agency's bets, checksum
// and winners, in the order of their ids. Sessions are left out: agencies may
// reconnect while the draw is being held.
func (f *Fold) Hash() string {
	hash := sha256.New()
	for _, id := range f.ids() {
		a := f.agencies[id]
		line := fmt.Appendf(nil, "%d %d %08x", id, a.Bets, a.Sum)
		hash.Write(append(appendDocuments(line, a.Winners), '\n'))
	}
	return fmt.Sprintf("%x", hash.Sum(nil))
}

// ids are those of the agencies that the log names, in order.
func (f *Fold) ids() []lottery.AgencyID { return slices.Sorted(maps.Keys(f.agencies)) }

func (f *Fold) agency(id lottery.AgencyID) *Agency {
	a := f.agencies[id]
	if a == nil {
		a = new(Agency)
		f.agencies[id] = a
	}
	return a
}

func appendDocuments(line []byte, documents []string) []byte {
	for _, document := range documents {
		line = strconv.AppendQuote(append(line, ' '), document)
	}
	return line
}
