package store

import (
	"strconv"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
)

// AppendRow appends the row of bets.csv that holds b, as Python's csv.writer
// writes it with QUOTE_MINIMAL, its line end included.
func AppendRow(dst []byte, b *lottery.Bet) []byte {
	dst = strconv.AppendUint(dst, uint64(b.Agency), 10)
	dst = appendField(append(dst, ','), b.FirstName)
	dst = appendField(append(dst, ','), b.LastName)
	dst = appendField(append(dst, ','), b.Document)
	dst = appendDate(append(dst, ','), b.Birthdate)
	dst = strconv.AppendInt(append(dst, ','), b.Number, 10)
	return append(dst, '\r', '\n')
}

func appendField(dst []byte, field string) []byte {
	if !needsQuotes(field) {
		return append(dst, field...)
	}
	dst = append(dst, '"')
	for i := 0; i < len(field); i++ {
		if field[i] == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, field[i])
	}
	return append(dst, '"')
}

// needsQuotes is QUOTE_MINIMAL's rule. Python also quotes a row's only field
// when it is empty, which a row of six cannot be; blanks need no quotes.
func needsQuotes(field string) bool {
	for i := 0; i < len(field); i++ {
		switch field[i] {
		case ',', '"', '\r', '\n':
			return true
		}
	}
	return false
}

func appendDate(dst []byte, d lottery.Date) []byte {
	dst = appendTwoDigits(dst, uint(d.Year)/100)
	dst = appendTwoDigits(dst, uint(d.Year)%100)
	dst = appendTwoDigits(append(dst, '-'), uint(d.Month))
	return appendTwoDigits(append(dst, '-'), uint(d.Day))
}

func appendTwoDigits(dst []byte, n uint) []byte {
	return append(dst, '0'+byte(n/10), '0'+byte(n%10))
}
