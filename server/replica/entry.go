package replica

import (
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// ErrCorrupted says that an entry of the log is not what a central appended.
var ErrCorrupted = errors.New("the log is corrupted")

// Entry is one entry of the log: a Claim, Bets, Finished or a Draw.
type Entry interface {
	// head is the first line of the entry's header.
	head() string
}

// SessionNumber is the sequence number of the claim that began a session; 0 is none.
type SessionNumber uint64

// Claim asks for a new session of an agency.
type Claim struct {
	Agency   lottery.AgencyID
	Expected SessionNumber // the session that the new one is to follow
	Nonce    string        // by which the central that appended it knows it again
}

// Bets holds bets of any number of agencies. The blocks of the segments are the entry's
// body, one after the other. A segment has a block for each batch, see AppendBlock.
type Bets struct {
	Author   string // the central that appended it
	Segments []Segment
	BodySum  uint32 // CRC-32C of the body
	Body     []byte // nil in an entry that the fold reads
}

// Segment is what an entry holds of one session.
type Segment struct {
	Agency  lottery.AgencyID
	Session SessionNumber
	Offset  lottery.Offset // of its first bet in the agency's sequence
	Count   lottery.Offset // of its bets, at least one
	Sum     uint32         // protocol.Checksum of the agency's bets up to its end
	Length  int            // of its blocks in bytes
	Winners []string       // the documents of its winning bets
}

// NewBets returns an entry of segments, whose blocks are the body.
func NewBets(author string, segments []Segment, body []byte) *Bets {
	return &Bets{Author: author, Segments: segments, BodySum: crc32.Checksum(body, castagnoli), Body: body}
}

// End is the position after the segment in the agency's sequence.
func (s *Segment) End() lottery.Offset { return s.Offset + s.Count }

// Finished says that an agency has sent all its bets.
type Finished struct {
	Agency  lottery.AgencyID
	Session SessionNumber
	Total   lottery.Offset
}

// Draw says that the draw was held.
type Draw struct {
	Agencies int // that took part
	Bets     uint64
	Winners  int
	Hash     string // of the fold, see Fold.Hash
	Author   string // the central that appended it
}

func (c *Claim) head() string { return fmt.Sprintf("claim %d %d %s", c.Agency, c.Expected, c.Nonce) }
func (b *Bets) head() string  { return fmt.Sprintf("bets %s %08x", b.Author, b.BodySum) }
func (f *Finished) head() string {
	return fmt.Sprintf("finished %d %d %d", f.Agency, f.Session, f.Total)
}
func (d *Draw) head() string {
	return fmt.Sprintf("draw %d %d %d %s %s", d.Agencies, d.Bets, d.Winners, d.Hash, d.Author)
}

// line is the segment's line in the header of its entry.
func (s *Segment) line() string {
	line := fmt.Appendf(nil, "%d %d %d %d %08x %d", s.Agency, s.Session, s.Offset, s.Count, s.Sum, s.Length)
	return string(appendDocuments(line, s.Winners))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumOfLines is the CRC-32C of the lines, each with a line feed after it.
func sumOfLines(lines []string) (sum uint32) {
	for _, line := range lines {
		sum = crc32.Update(sum, castagnoli, append([]byte(line), '\n'))
	}
	return sum
}

// Header is what the fold reads of an entry, as lines of text: the entry's kind
// and fields, a line for each segment, and a CRC-32C of the lines before:
//
//	claim AGENCY EXPECTED NONCE
//	bets AUTHOR BODYSUM            and for each segment
//	AGENCY SESSION OFFSET COUNT SUM LENGTH "DOCUMENT"...
//	finished AGENCY SESSION TOTAL
//	draw AGENCIES BETS WINNERS HASH AUTHOR
//	crc SUM
func Header(e Entry) []string {
	lines := []string{e.head()}
	if bets, ok := e.(*Bets); ok {
		for i := range bets.Segments {
			lines = append(lines, bets.Segments[i].line())
		}
	}
	return append(lines, fmt.Sprintf("crc %08x", sumOfLines(lines)))
}

// ParseHeader reads what Header wrote, and accepts nothing else. Every error is
// ErrCorrupted.
func ParseHeader(lines []string) (Entry, error) {
	if len(lines) < 2 {
		return nil, fmt.Errorf("%w: an entry without a header", ErrCorrupted)
	}
	f := fieldsOf(lines[0])
	var entry Entry
	switch kind := f.word(); kind {
	case "claim":
		entry = &Claim{Agency: f.agency(), Expected: SessionNumber(f.number()), Nonce: f.word()}
	case "bets":
		bets := &Bets{Author: f.word(), BodySum: f.hex()}
		for _, line := range lines[1 : len(lines)-1] {
			s := fieldsOf(line)
			bets.Segments = append(bets.Segments, s.segment())
			f.failed = f.failed || s.failed
		}
		f.failed = f.failed || len(bets.Segments) == 0
		entry = bets
	case "finished":
		entry = &Finished{Agency: f.agency(), Session: SessionNumber(f.number()), Total: lottery.Offset(f.number())}
	case "draw":
		entry = f.draw()
	default:
		return nil, fmt.Errorf("%w: an entry of the unknown kind %.40q", ErrCorrupted, kind)
	}
	if f.failed || !slices.Equal(Header(entry), lines) {
		return nil, fmt.Errorf("%w: the header %.200q", ErrCorrupted, lines)
	}
	return entry, nil
}

// Check compares the body of an entry with its header. Its error is ErrCorrupted.
func (b *Bets) Check(body []byte) error {
	length := 0
	for i := range b.Segments {
		length += b.Segments[i].Length
	}
	if length != len(body) {
		return fmt.Errorf("%w: the body of an entry has %d bytes, its header says %d", ErrCorrupted, len(body), length)
	}
	if sum := crc32.Checksum(body, castagnoli); sum != b.BodySum {
		return fmt.Errorf("%w: the body of an entry has the checksum %08x, its header says %08x", ErrCorrupted, sum, b.BodySum)
	}
	return nil
}
