package protocol

import (
	"bytes"
	"fmt"
	"unsafe"
)

// Batch carries consecutive bets of the agency.
type Batch struct {
	Offset uint64 // the position of the first in the agency's sequence
	Bets   []Bet  // at least one
}

// Type implements Message.
func (*Batch) Type() Type { return TypeBatch }

// Append implements Message.
//
//	offset uint64
//	count  uint16  at least 1
//	bets   count records, see AppendRecord
func (m *Batch) Append(dst []byte) ([]byte, error) {
	if len(m.Bets) > MaxBatch {
		return dst, fmt.Errorf("%w: %d bets in a batch of at most %d", ErrTooLong, len(m.Bets), MaxBatch)
	}
	dst = be.AppendUint16(be.AppendUint64(dst, m.Offset), uint16(len(m.Bets)))
	for i := range m.Bets {
		var err error
		if dst, err = m.Bets[i].Append(dst); err != nil {
			return dst, fmt.Errorf("bet %d: %w", i, err)
		}
	}
	return dst, nil
}

// Decode implements Message. It reuses the capacity of Bets; the strings of
// all of them share one allocation.
func (m *Batch) Decode(payload []byte) error { return m.DecodeInPlace(bytes.Clone(payload)) }

// DecodeInPlace is Decode without that allocation: the strings of Bets are the
// payload's bytes, and valid as long as those are. For a server of many uploads,
// whose bets become rows at once, that saves a tenth of all it does.
func (m *Batch) DecodeInPlace(payload []byte) error {
	d := decoder{rest: payload}
	m.Offset = d.uint64()
	m.Bets = m.Bets[:0]
	count := int(d.uint16())
	// The count is a peer's word: nothing is done for more bets than the
	// payload could hold.
	if count == 0 || count*minBet > len(d.rest) {
		d.fail("%d bets in %d bytes", count, len(d.rest))
	}
	if d.err == nil {
		m.Bets = d.bets(m.Bets, count, view(d.rest))
	}
	return d.end(TypeBatch)
}

// view is b as a string, without a copy: it changes when b does.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Records returns the end of a batch's payload that holds its last bets, which
// is what Checksum takes. The bets must be those that were decoded from it.
func Records(payload []byte, last []Bet) []byte {
	size := 0
	for i := range last {
		size += last[i].size()
	}
	return payload[len(payload)-size:]
}

// Single carries one bet of an agency that sends no others.
type Single struct {
	Offset uint64 // the bet's position in the agency's sequence
	Bet    Bet
}

// Type implements Message.
func (*Single) Type() Type { return TypeBet }

// Append implements Message.
//
//	offset uint64
//	bet    record, see AppendRecord
func (m *Single) Append(dst []byte) ([]byte, error) {
	return m.Bet.Append(be.AppendUint64(dst, m.Offset))
}

// Decode implements Message.
func (m *Single) Decode(payload []byte) error {
	d := decoder{rest: payload}
	*m = Single{Offset: d.uint64()}
	if bet := d.bets(nil, 1, string(d.rest)); len(bet) == 1 {
		m.Bet = bet[0]
	}
	return d.end(TypeBet)
}

// MaxBatch is the largest number of bets that a batch can count.
const MaxBatch = 1<<16 - 1

// batchStart is where the first bet stands in a BATCH frame.
const batchStart = headerSize + 8 + 2

// BatchBuilder gathers the records of bets into the frame of a Batch, in the
// place from which it will be sent. The zero value is an empty batch at offset 0.
type BatchBuilder struct {
	frames []byte // ends in the batch's
	start  int    // where that begins
	count  int
	offset uint64
}

// Start begins a batch, whose frame is appended to dst; its first bet will be at
// the given offset.
func (b *BatchBuilder) Start(dst []byte, offset uint64) {
	b.start, b.count, b.offset = len(dst), 0, offset
	b.frames = append(dst, make([]byte, batchStart)...)
}

// Add adds a bet's record (see AppendRecord) unless the frame has no room for
// it, in which case it returns false and leaves the batch as it was. A batch of
// no bets has room for any.
func (b *BatchBuilder) Add(record []byte) bool {
	if b.frames == nil {
		b.Start(nil, b.offset)
	}
	if len(b.frames)+len(record) > b.start+MaxFrame {
		return false
	}
	b.frames = append(b.frames, record...)
	b.count++
	return true
}

// Len is the number of bets in the batch.
func (b *BatchBuilder) Len() int { return b.count }

// End is the offset that follows the batch's last bet.
func (b *BatchBuilder) End() uint64 { return b.offset + uint64(b.count) }

// Frame returns what Start was given with the frame of the batch, which has
// bets, behind it. A batch that is started behind that leaves it as it is.
func (b *BatchBuilder) Frame() []byte {
	frame := b.frames[b.start:]
	be.PutUint32(frame, uint32(len(frame)-lengthSize))
	frame[lengthSize] = byte(TypeBatch)
	be.PutUint64(frame[headerSize:], b.offset)
	be.PutUint16(frame[headerSize+8:], uint16(b.count))
	return b.frames
}
