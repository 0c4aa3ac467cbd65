package protocol

import (
	"hash/crc32"
	"slices"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

const (
	dateSize   = 4 // year, month and day
	numberSize = 8

	// minRecord is the size in bytes of a record whose strings are empty: of each of
	// the three only its length remains.
	minRecord = 3 + dateSize + numberSize
)

// AppendRecord appends the record of a bet to dst. The record leaves the bet's
// agency out, because a connection speaks for one agency. If a string does not fit,
// AppendRecord fails with ErrTooLong and returns dst as it was.
//
//	first name string
//	last name  string
//	document   string
//	year       uint16
//	month      uint8
//	day        uint8
//	number     int64
func AppendRecord(dst []byte, b *lottery.Bet) ([]byte, error) {
	switch {
	case len(b.FirstName) > MaxString:
		return dst, tooLong("first name", len(b.FirstName))
	case len(b.LastName) > MaxString:
		return dst, tooLong("last name", len(b.LastName))
	case len(b.Document) > MaxString:
		return dst, tooLong("document", len(b.Document))
	}
	dst = slices.Grow(dst, recordSize(b))
	dst = appendShort(dst, b.FirstName)
	dst = appendShort(dst, b.LastName)
	dst = appendShort(dst, b.Document)
	dst = be.AppendUint16(dst, b.Birthdate.Year)
	dst = append(dst, b.Birthdate.Month, b.Birthdate.Day)
	return be.AppendUint64(dst, uint64(b.Number)), nil
}

// SizeOfRecords returns the size of the records of bets in bytes.
func SizeOfRecords(bets []lottery.Bet) (size int) {
	for i := range bets {
		size += recordSize(&bets[i])
	}
	return size
}

func recordSize(b *lottery.Bet) int {
	return minRecord + len(b.FirstName) + len(b.LastName) + len(b.Document)
}

// bet decodes the next record into b. It does not check the date: lottery.Bet.Validate
// does.
func (d *decoder) bet(b *lottery.Bet) {
	b.FirstName, b.LastName, b.Document = d.string(), d.string(), d.string()
	fixed := d.take(dateSize + numberSize)
	b.Birthdate = lottery.Date{Year: uint16At(fixed), Month: fixed[2], Day: fixed[3]}
	b.Number = int64(uint64At(fixed[dateSize:]))
}

// Checksum adds records to a running CRC-32C (RFC 9260, appendix A) of a sequence
// of bets. An empty sequence has the checksum 0.
func Checksum(sum uint32, records []byte) uint32 {
	// The first call makes the table. An agency that does not resume never needs it.
	return crc32.Update(sum, crc32.MakeTable(crc32.Castagnoli), records)
}
