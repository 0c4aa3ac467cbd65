package agency

import (
	"bytes"

	"github.com/segmentio/asm/utf8"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// records are the encoded bets of some lines, one after the other.
type records struct {
	bytes []byte
	ends  []int // where each ends
	given int   // how many were given out
}

// next gives out the next record, or nil after the last.
func (r *records) next() []byte {
	if r.given == len(r.ends) {
		return nil
	}
	start := 0
	if r.given > 0 {
		start = r.ends[r.given-1]
	}
	r.given++
	return r.bytes[start:r.ends[r.given-1]]
}

// empty has the capacity of r and no records.
func (r *records) empty() records { return records{bytes: r.bytes[:0], ends: r.ends[:0]} }

// plainRecords encodes the bets of lines as nearly all are in a data file:
// without quotes or anything else that is unusual. It encodes all of them or
// tells that it cannot; then splitRow and ParseBet, which accept more and find
// the words for what is wrong, must look at them one by one. What a field may not
// hold it looks for in all lines at once, which is far cheaper than in each. It
// uses the capacity of records that are no longer needed.
func plainRecords(reuse records, lines []byte) (r records, ok bool) {
	r = reuse.empty()
	if bytes.IndexByte(lines, '"') >= 0 || bytes.IndexByte(lines, 0) >= 0 || !utf8.Valid(lines) {
		return r, false
	}
	breaks := bytes.Count(lines, []byte{'\n'}) + bytes.Count(lines, []byte{'\r'})
	for len(lines) > 0 {
		var rest []byte
		if r.bytes, rest, ok = plainRecord(r.bytes, lines); !ok {
			return r, false
		}
		end := lineEnd(rest)
		if end == 0 && len(rest) > 0 {
			return r, false
		}
		r.ends = append(r.ends, len(r.bytes))
		breaks -= end
		lines = rest[end:]
	}
	return r, breaks == 0 // else one is inside a field
}

// plainRecord appends the record of the bet that lines begin with, and returns
// what follows it.
func plainRecord(dst, lines []byte) (record, rest []byte, ok bool) {
	first, rest, ok1 := cutText(lines)
	last, rest, ok2 := cutText(rest)
	document, rest, ok3 := cutText(rest)
	if !ok1 || !ok2 || !ok3 || len(rest) <= dateSize || rest[dateSize] != ',' {
		return dst, nil, false
	}
	birthdate, okDate := parseDate(rest[:dateSize])
	rest = rest[dateSize+1:]
	number, size := leadingDigits(rest)
	if !okDate || size == 0 {
		return dst, nil, false
	}
	record, err := protocol.AppendRecord(dst, first, last, document, birthdate, number)
	return record, rest[size:], err == nil
}

// cutText takes a text, and the comma behind it, off the front of s.
func cutText(s []byte) (text, rest []byte, ok bool) {
	comma := bytes.IndexByte(s, ',')
	if comma < 0 {
		return nil, nil, false
	}
	return s[:comma], s[comma+1:], true
}

// leadingDigits reads the number of decimal digits that s begins with: at most
// 18 of them, for that many always fit.
func leadingDigits(s []byte) (n int64, size int) {
	for size < len(s) && size < 18 {
		digit := s[size] - '0' // wraps around below '0'
		if digit > 9 {
			break
		}
		n = 10*n + int64(digit)
		size++
	}
	return n, size
}

// lineEnd is the size of the line end that s begins with, or 0.
func lineEnd(s []byte) int {
	switch {
	case len(s) > 0 && s[0] == '\n':
		return 1
	case len(s) > 1 && s[0] == '\r' && s[1] == '\n':
		return 2
	}
	return 0
}
