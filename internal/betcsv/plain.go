package betcsv

import (
	"bytes"
	"strings"

	"github.com/segmentio/asm/utf8"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// This file is a short way for what nearly all rows are. What no field may hold
// is looked for in many rows at once, which costs far less than a look at each
// field: the whole system is NN times as fast. Whatever is unusual goes the long
// way, which finds the words for what is wrong.

// arePlain tells whether rows hold no quote, no NUL and nothing but UTF-8.
func arePlain(rows []byte) bool {
	return bytes.IndexByte(rows, '"') < 0 && bytes.IndexByte(rows, 0) < 0 && utf8.Valid(rows)
}

// plainRow makes the bet of a line of plain rows. It tells whether it could.
func (r *Reader) plainRow(line string) bool {
	if strings.IndexByte(line, '\r') >= 0 {
		return false
	}
	last := r.format.fields - 1
	for i := range last {
		comma := strings.IndexByte(line, ',')
		if comma < 0 {
			return false
		}
		r.fields[i], line = line[:comma], line[comma+1:]
	}
	r.fields[last] = line
	return r.format.parse(r) == nil
}

// AppendRows appends the rows of bets. It fails for the first that is not valid,
// with its index and an error that is lottery.ErrInvalidBet.
func AppendRows(dst []byte, bets []lottery.Bet) (rows []byte, invalid int, err error) {
	valid := true
	rows = dst
	for i := range bets {
		valid = valid && bets[i].Agency > 0 && bets[i].Birthdate.Valid()
		rows = appendRow(rows, &bets[i], false)
	}
	if valid && holdPlain(rows[len(dst):], len(bets)) {
		return rows, 0, nil
	}
	rows = dst
	for i := range bets {
		if err := bets[i].Validate(); err != nil {
			return dst, i, err
		}
		rows = AppendRow(rows, &bets[i])
	}
	return rows, 0, nil
}

// holdPlain tells whether so many rows that were written without quotes need none,
// and whether their texts are valid.
func holdPlain(rows []byte, count int) bool {
	return arePlain(rows) && bytes.Count(rows, []byte{','}) == 5*count &&
		bytes.Count(rows, []byte{'\r'}) == count && bytes.Count(rows, []byte{'\n'}) == count
}
