package betcsv

import (
	"bytes"
	"strings"

	"github.com/segmentio/asm/utf8"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// Most rows are plain: they have no quote. This file reads them faster than row.go. It
// looks for quotes, NULs and bytes that are not UTF-8 in many rows at once, not in each
// field. That saves a sixth of the processor time of BenchmarkUpload. Other rows go
// through row.go, which also makes the texts of the errors.

// arePlain returns whether rows hold no quote and no NUL, and are valid UTF-8.
func arePlain(rows []byte) bool {
	return bytes.IndexByte(rows, '"') < 0 && bytes.IndexByte(rows, 0) < 0 && utf8.Valid(rows)
}

// plainRow reads the row at the start of input into r.bet. It returns the size of the
// row, or 0 if the row is not plain, not whole or not valid. It does not call Validate.
// It must accept only rows that the rest of row accepts: FuzzPlainRow compares them.
func (r *Reader) plainRow(input string) (size int) {
	end := strings.IndexByte(input, '\n')
	if !r.plain || end < 0 {
		return 0
	}
	line := strings.TrimSuffix(input[:end], "\r")
	if strings.IndexByte(line, '\r') >= 0 {
		return 0
	}
	bet := &r.bet
	var err error
	bet.Agency = r.agency
	if !r.data {
		var text string
		text, line = cut(line)
		if bet.Agency, err = lottery.ParseAgencyID(text); err != nil {
			return 0
		}
	}
	bet.FirstName, line = cut(line)
	bet.LastName, line = cut(line)
	bet.Document, line = cut(line)
	const date = len("YYYY-MM-DD")
	if len(line) <= date || line[date] != ',' {
		return 0
	}
	birthdate, number := line[:date], line[date+1:]
	if bet.Birthdate, err = lottery.ParseDate(birthdate); err != nil {
		return 0
	}
	if bet.Number, err = lottery.ParseNumber(number); err != nil {
		return 0
	}
	return end + 1
}

// cut takes a field off the front of a line.
func cut(line string) (field, rest string) {
	if comma := strings.IndexByte(line, ','); comma >= 0 {
		return line[:comma], line[comma+1:]
	}
	return line, ""
}
