package protocol

import (
	"hash/crc32"
	"slices"
)

// Bet is one bet as it travels. Its agency is the connection's.
type Bet struct {
	FirstName string
	LastName  string
	Document  string
	Birthdate Date
	Number    int64
}

// Date is a day of the calendar. The format carries any numbers; whether the
// day exists is for the receiver to judge.
type Date struct {
	Year  uint16
	Month uint8
	Day   uint8
}

// minBet is the size of a bet whose strings are empty.
const minBet = 3 + 4 + 8

// size is how many bytes the bet's record takes.
func (b *Bet) size() int {
	return minBet + len(b.FirstName) + len(b.LastName) + len(b.Document)
}

// Append appends the bet's record to dst. It fails with ErrTooLong if a string
// does not fit, and then returns dst as it was.
func (b *Bet) Append(dst []byte) ([]byte, error) {
	return AppendRecord(dst, b.FirstName, b.LastName, b.Document, b.Birthdate, b.Number)
}

// AppendRecord is Append for a bet that is not made a Bet, whose texts may be
// bytes.
//
//	first name string
//	last name  string
//	document   string
//	year       uint16
//	month      uint8
//	day        uint8
//	number     int64
func AppendRecord[Text string | []byte](dst []byte, firstName, lastName, document Text, birthdate Date, number int64) ([]byte, error) {
	switch {
	case len(firstName) > MaxString:
		return dst, tooLong("first name", len(firstName))
	case len(lastName) > MaxString:
		return dst, tooLong("last name", len(lastName))
	case len(document) > MaxString:
		return dst, tooLong("document", len(document))
	}
	dst = appendShort(dst, firstName)
	dst = appendShort(dst, lastName)
	dst = appendShort(dst, document)
	dst = be.AppendUint16(dst, birthdate.Year)
	dst = append(dst, birthdate.Month, birthdate.Day)
	return be.AppendUint64(dst, uint64(number)), nil
}

// decode takes a bet's record off the front of text and returns what follows.
// The bet's strings are parts of text. It fails if text ends inside the record.
func (b *Bet) decode(text string) (rest string, ok bool) {
	var ok1, ok2, ok3 bool
	b.FirstName, rest, ok1 = cutString(text)
	b.LastName, rest, ok2 = cutString(rest)
	b.Document, rest, ok3 = cutString(rest)
	if !ok1 || !ok2 || !ok3 || len(rest) < 4+8 {
		return "", false
	}
	b.Birthdate = Date{Year: uint16(rest[0])<<8 | uint16(rest[1]), Month: rest[2], Day: rest[3]}
	b.Number = int64FromText(rest[4:])
	return rest[4+8:], true
}

// cutString takes a string off the front of text.
func cutString(text string) (s, rest string, ok bool) {
	if text == "" {
		return "", "", false
	}
	end := 1 + int(text[0])
	if end > len(text) {
		return "", "", false
	}
	return text[1:end], text[end:], true
}

// int64FromText is what binary.BigEndian does for bytes.
func int64FromText(s string) int64 {
	_ = s[7]
	return int64(s[0])<<56 | int64(s[1])<<48 | int64(s[2])<<40 | int64(s[3])<<32 |
		int64(s[4])<<24 | int64(s[5])<<16 | int64(s[6])<<8 | int64(s[7])
}

// bets takes a number of bets off the payload, into the capacity of a slice that
// is no longer needed. Their strings are parts of text, which is the rest of the
// payload.
func (d *decoder) bets(reuse []Bet, count int, text string) []Bet {
	bets := slices.Grow(reuse[:0], count)[:count]
	for i := range bets {
		rest, ok := bets[i].decode(text)
		if !ok {
			d.fail("bet %d of %d is cut short", i+1, count)
			return bets[:i]
		}
		text = rest
	}
	d.rest = d.rest[len(d.rest)-len(text):]
	return bets
}

// Checksum continues the CRC-32C (RFC 9260, appendix A) of a sequence of bets
// with the records of further ones; an empty sequence has the checksum 0.
// Records that cannot be encoded are left out; no stored bet has one.
func Checksum(sum uint32, records []byte) uint32 {
	return crc32.Update(sum, crc32.MakeTable(crc32.Castagnoli), records) // made once, when it is needed
}
