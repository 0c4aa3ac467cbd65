package replica

import (
	"strconv"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// fields reads a line field by field; blanks separate them. After a field that is
// not what was asked for, failed is true.
type fields struct {
	rest   string
	failed bool
}

func fieldsOf(line string) *fields { return &fields{rest: line} }

func (f *fields) word() string {
	word, rest, _ := strings.Cut(f.rest, " ")
	f.rest = rest
	f.failed = f.failed || word == ""
	return word
}

func (f *fields) number() uint64 {
	n, err := strconv.ParseUint(f.word(), 10, 64)
	f.failed = f.failed || err != nil
	return n
}

func (f *fields) int() int {
	n, err := strconv.ParseUint(f.word(), 10, 31)
	f.failed = f.failed || err != nil
	return int(n)
}

func (f *fields) hex() uint32 {
	n, err := strconv.ParseUint(f.word(), 16, 32)
	f.failed = f.failed || err != nil
	return uint32(n)
}

func (f *fields) agency() lottery.AgencyID {
	id, err := lottery.ParseAgencyID(f.word())
	f.failed = f.failed || err != nil
	return id
}

func (f *fields) bool() bool {
	b, err := strconv.ParseBool(f.word())
	f.failed = f.failed || err != nil
	return b
}

// documents reads quoted texts up to the end of the line.
func (f *fields) documents() (documents []string) {
	for f.rest != "" && !f.failed {
		quoted, err := strconv.QuotedPrefix(f.rest)
		f.failed = err != nil
		f.rest = strings.TrimPrefix(f.rest[len(quoted):], " ")
		document, _ := strconv.Unquote(quoted)
		documents = append(documents, document)
	}
	return documents
}

func (f *fields) segment() Segment {
	s := Segment{
		Agency: f.agency(), Session: SessionNumber(f.number()),
		Offset: lottery.Offset(f.number()), Count: lottery.Offset(f.number()),
		Sum: f.hex(), Length: f.int(), Winners: f.documents(),
	}
	f.failed = f.failed || s.Count == 0 || s.End() < s.Offset || uint64(len(s.Winners)) > uint64(s.Count)
	return s
}

func (f *fields) draw() *Draw {
	return &Draw{Agencies: f.int(), Bets: f.number(), Winners: f.int(), Hash: f.word(), Author: f.word()}
}
