package protocol

import (
	"fmt"
	"slices"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

const (
	// MaxBatch is the largest count of a batch. A frame holds fewer bets.
	MaxBatch = 1<<16 - 1

	// MaxRecords is how many bytes of records a batch can hold.
	MaxRecords = maxPayload - offsetSize - countSize

	offsetSize = 8
	countSize  = 2
)

// Batch carries consecutive bets of the agency.
type Batch struct {
	Offset lottery.Offset // the position of the first in the agency's sequence
	Bets   []lottery.Bet  // at least one; Decode leaves their Agency 0

	// Records are the records of Bets, for Checksum. Decode sets it to a part of
	// the payload, so it is valid as long as the payload. Append does not use it.
	Records []byte
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
	dst = be.AppendUint16(be.AppendUint64(dst, uint64(m.Offset)), uint16(len(m.Bets)))
	for i := range m.Bets {
		var err error
		if dst, err = AppendRecord(dst, &m.Bets[i]); err != nil {
			return dst, fmt.Errorf("bet %d: %w", i, err)
		}
	}
	return dst, nil
}

// AppendBatch appends to dst the frame of a batch of count bets with these records.
// The caller guarantees 1 <= count <= MaxBatch and len(records) <= MaxRecords.
func AppendBatch(dst []byte, offset lottery.Offset, count int, records []byte) []byte {
	dst = be.AppendUint32(dst, uint32(headerSize-lengthSize+offsetSize+countSize+len(records)))
	dst = append(dst, byte(TypeBatch))
	dst = be.AppendUint16(be.AppendUint64(dst, uint64(offset)), uint16(count))
	return append(dst, records...)
}

// Decode implements Message. It reuses the capacity of Bets. The strings of all bets
// share one allocation.
func (m *Batch) Decode(payload []byte) error {
	d := newDecoder(payload)
	m.Offset = lottery.Offset(d.uint64())
	m.Bets = m.Bets[:0]
	count := int(d.uint16())
	// Do not trust the count: allocate at most what the payload can hold.
	if count == 0 || count*minRecord > len(d.rest) {
		d.fail("%d bets in %d bytes", count, len(d.rest))
		count = 0
	}
	m.Records = payload[len(payload)-len(d.rest):]
	m.Bets = slices.Grow(m.Bets, count)[:count]
	for i := range m.Bets {
		d.bet(&m.Bets[i])
	}
	return d.end(TypeBatch)
}

// Single is the message BET. It carries one bet of an agency that sends no others. It is
// not named Bet, because that is the name of the bet itself, lottery.Bet.
type Single struct {
	Offset lottery.Offset // the bet's position in the agency's sequence
	Bet    lottery.Bet    // Decode leaves its Agency 0
	Record []byte         // of Bet, as in Batch
}

// Type implements Message.
func (*Single) Type() Type { return TypeBet }

// Append implements Message.
//
//	offset uint64
//	bet    record, see AppendRecord
func (m *Single) Append(dst []byte) ([]byte, error) {
	return AppendRecord(be.AppendUint64(dst, uint64(m.Offset)), &m.Bet)
}

// Decode implements Message.
func (m *Single) Decode(payload []byte) error {
	d := newDecoder(payload)
	*m = Single{Offset: lottery.Offset(d.uint64())}
	m.Record = payload[len(payload)-len(d.rest):]
	d.bet(&m.Bet)
	return d.end(TypeBet)
}
