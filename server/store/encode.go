package store

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/segmentio/asm/utf8"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
)

// appendBatch appends the rows of bets, of which the first is number at (from 0)
// of its agency. On the first that is not valid it fails, naming it, and wraps
// lottery.ErrInvalidBet.
//
// Nearly all bets are valid and need no quotes. So it writes all rows as they
// are then, and looks for what may not be in them in all of them at once, which
// is far cheaper than in each text.
func appendBatch(dst []byte, at lottery.Offset, bets []lottery.Bet) ([]byte, error) {
	start := len(dst)
	valid := true
	for i := range bets {
		bet := &bets[i]
		valid = valid && bet.Agency > 0 && bet.Birthdate.Valid()
		dst = appendPlainRow(dst, bet)
	}
	if valid && arePlain(dst[start:], len(bets)) {
		return dst, nil
	}
	dst = dst[:start]
	for i := range bets {
		if err := bets[i].Validate(); err != nil {
			return dst[:start], fmt.Errorf("bet %d: %w", at+lottery.Offset(i), err)
		}
		dst = AppendRow(dst, &bets[i])
	}
	return dst, nil
}

// arePlain tells whether rows, which were written without quotes, need none, and
// hold nothing that is not valid in a text.
func arePlain(rows []byte, count int) bool {
	return bytes.Count(rows, comma) == (columns-1)*count && bytes.Count(rows, carriageReturn) == count &&
		bytes.Count(rows, lineFeed) == count && bytes.IndexByte(rows, '"') < 0 &&
		bytes.IndexByte(rows, 0) < 0 && utf8.Valid(rows)
}

var comma, carriageReturn, lineFeed = []byte{','}, []byte{'\r'}, []byte{'\n'}

// appendPlainRow is AppendRow for a bet whose texts need no quotes.
func appendPlainRow(dst []byte, b *lottery.Bet) []byte {
	dst = strconv.AppendUint(dst, uint64(b.Agency), 10)
	dst = append(append(dst, ','), b.FirstName...)
	dst = append(append(dst, ','), b.LastName...)
	dst = append(append(dst, ','), b.Document...)
	return appendNumbers(dst, b)
}

// AppendRow appends the row of bets.csv that holds b, as Python's csv.writer
// writes it with QUOTE_MINIMAL, its line end included.
func AppendRow(dst []byte, b *lottery.Bet) []byte {
	dst = strconv.AppendUint(dst, uint64(b.Agency), 10)
	dst = appendField(append(dst, ','), b.FirstName)
	dst = appendField(append(dst, ','), b.LastName)
	dst = appendField(append(dst, ','), b.Document)
	return appendNumbers(dst, b)
}

// appendNumbers appends what follows the texts of a row.
func appendNumbers(dst []byte, b *lottery.Bet) []byte {
	year, month, day := uint64(b.Birthdate.Year), uint64(b.Birthdate.Month), uint64(b.Birthdate.Day)
	dst = append(dst, ',',
		digit(year/1000), digit(year/100), digit(year/10), digit(year), '-',
		digit(month/10), digit(month), '-',
		digit(day/10), digit(day), ',')
	return append(appendNumber(dst, b.Number), '\r', '\n')
}

// appendNumber is strconv.AppendInt, but faster for the numbers that nearly all
// bets have.
func appendNumber(dst []byte, n int64) []byte {
	switch few := uint64(n); {
	case few < 10:
		return append(dst, digit(few))
	case few < 100:
		return append(dst, digit(few/10), digit(few))
	case few < 1000:
		return append(dst, digit(few/100), digit(few/10), digit(few))
	case few < 10_000:
		return append(dst, digit(few/1000), digit(few/100), digit(few/10), digit(few))
	}
	return strconv.AppendInt(dst, n, 10)
}

// digit is the last decimal digit of n.
func digit(n uint64) byte { return '0' + byte(n%10) }

// appendField follows QUOTE_MINIMAL. Python also quotes a row's only field when
// it is empty, which a row of six cannot be; blanks need no quotes.
func appendField(dst []byte, field string) []byte {
	if !strings.ContainsAny(field, ",\"\r\n") {
		return append(dst, field...)
	}
	dst = append(dst, '"')
	for i := range len(field) {
		if field[i] == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, field[i])
	}
	return append(dst, '"')
}
