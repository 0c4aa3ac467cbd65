package store

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
)

// AppendRow appends the row of bets.csv that holds b, as Python's csv.writer
// writes it with QUOTE_MINIMAL, its line end included.
func AppendRow(dst []byte, b *lottery.Bet) []byte {
	dst = strconv.AppendUint(dst, uint64(b.Agency), 10)
	dst = append(dst, ',')
	dst = appendTexts(dst, b.FirstName, b.LastName, b.Document)
	dst = appendDate(append(dst, ','), b.Birthdate)
	dst = strconv.AppendInt(append(dst, ','), b.Number, 10)
	return append(dst, '\r', '\n')
}

// appendTexts appends three fields. They rarely need quotes: it looks at them
// all at once when they are written, and begins again if one does.
func appendTexts(dst []byte, first, second, third string) []byte {
	start := len(dst)
	dst = append(dst, first...)
	dst = append(append(dst, ','), second...)
	dst = append(append(dst, ','), third...)
	texts := dst[start:]
	if bytes.Count(texts, comma) == 2 && bytes.IndexByte(texts, '"') < 0 &&
		bytes.IndexByte(texts, '\r') < 0 && bytes.IndexByte(texts, '\n') < 0 {
		return dst
	}
	dst = appendField(dst[:start], first)
	dst = appendField(append(dst, ','), second)
	return appendField(append(dst, ','), third)
}

var comma = []byte{','}

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

func appendDate(dst []byte, d lottery.Date) []byte {
	dst = appendTwoDigits(dst, uint(d.Year)/100)
	dst = appendTwoDigits(dst, uint(d.Year)%100)
	dst = appendTwoDigits(append(dst, '-'), uint(d.Month))
	return appendTwoDigits(append(dst, '-'), uint(d.Day))
}

func appendTwoDigits(dst []byte, n uint) []byte {
	return append(dst, '0'+byte(n/10), '0'+byte(n%10))
}
