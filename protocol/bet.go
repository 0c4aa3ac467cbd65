package protocol

import "hash/crc32"

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

// Append appends the bet's record to dst. It fails with ErrTooLong if a string
// does not fit, and then returns dst as it was.
//
//	first name string
//	last name  string
//	document   string
//	year       uint16
//	month      uint8
//	day        uint8
//	number     int64
func (b *Bet) Append(dst []byte) ([]byte, error) {
	record, err := appendString(dst, "first name", b.FirstName)
	if err != nil {
		return dst, err
	}
	if record, err = appendString(record, "last name", b.LastName); err != nil {
		return dst, err
	}
	if record, err = appendString(record, "document", b.Document); err != nil {
		return dst, err
	}
	record = be.AppendUint16(record, b.Birthdate.Year)
	record = append(record, b.Birthdate.Month, b.Birthdate.Day)
	return be.AppendUint64(record, uint64(b.Number)), nil
}

// text is a payload that bets are taken off. It exists once, as a string, for
// all of them: the bets' strings are parts of it.
type text struct {
	payload string
	pos     int // where the next value starts
	short   bool
}

// take gives the next n bytes, or none if there are not so many.
func (t *text) take(n int) string {
	start, end := t.pos, t.pos+n
	if end > len(t.payload) {
		t.short = true
		return ""
	}
	t.pos = end
	return t.payload[start:end]
}

func (t *text) string() string {
	if t.pos >= len(t.payload) {
		t.short = true
		return ""
	}
	n := int(t.payload[t.pos])
	t.pos++
	return t.take(n)
}

// bet takes a bet off, which is nonsense if that leaves t short.
func (t *text) bet() Bet {
	b := Bet{FirstName: t.string(), LastName: t.string(), Document: t.string()}
	fixed := t.take(4 + 8)
	if fixed == "" {
		return b
	}
	b.Birthdate = Date{Year: uint16(fixed[0])<<8 | uint16(fixed[1]), Month: fixed[2], Day: fixed[3]}
	for i := 4; i < len(fixed); i++ {
		b.Number = b.Number<<8 | int64(fixed[i])
	}
	return b
}

// bets takes a number of bets off the payload and appends them to dst. Their
// strings share one allocation.
func (d *decoder) bets(dst []Bet, count int) []Bet {
	t := text{payload: string(d.rest)}
	for range count {
		b := t.bet()
		if t.short {
			d.fail("bet %d of %d is cut short", len(dst)+1, count)
			return dst
		}
		dst = append(dst, b)
	}
	d.rest = d.rest[t.pos:]
	return dst
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Checksum continues the CRC-32C (RFC 9260, appendix A) of a sequence of bets
// with the records of further ones; an empty sequence has the checksum 0.
// Records that cannot be encoded are left out; no stored bet has one.
func Checksum(sum uint32, records []byte) uint32 {
	return crc32.Update(sum, castagnoli, records)
}
