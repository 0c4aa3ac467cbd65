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

// size is how many bytes the bet's record takes.
func (b *Bet) size() int {
	return minBet + len(b.FirstName) + len(b.LastName) + len(b.Document)
}

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

// decode takes a bet's record off the front of text and returns what follows.
// The bet's strings are parts of text. It fails if text ends inside the record,
// and then leaves the bet as it was.
func (b *Bet) decode(text string) (rest string, ok bool) {
	first, rest, ok1 := cutString(text)
	last, rest, ok2 := cutString(rest)
	document, rest, ok3 := cutString(rest)
	if !ok1 || !ok2 || !ok3 || len(rest) < 4+8 {
		return text, false
	}
	*b = Bet{
		FirstName: first,
		LastName:  last,
		Document:  document,
		Birthdate: Date{Year: uint16(rest[0])<<8 | uint16(rest[1]), Month: rest[2], Day: rest[3]},
		Number:    int64FromText(rest[4:]),
	}
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

// bets takes a number of bets off the payload and appends them to dst. The
// payload is made a string once: the strings of all bets are parts of it.
func (d *decoder) bets(dst []Bet, count int) []Bet {
	text := string(d.rest)
	for range count {
		dst = append(dst, Bet{})
		rest, ok := dst[len(dst)-1].decode(text)
		if !ok {
			d.fail("bet %d of %d is cut short", len(dst), count)
			return dst[:len(dst)-1]
		}
		text = rest
	}
	d.rest = d.rest[len(d.rest)-len(text):]
	return dst
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Checksum continues the CRC-32C (RFC 9260, appendix A) of a sequence of bets
// with the records of further ones; an empty sequence has the checksum 0.
// Records that cannot be encoded are left out; no stored bet has one.
func Checksum(sum uint32, records []byte) uint32 {
	return crc32.Update(sum, castagnoli, records)
}
