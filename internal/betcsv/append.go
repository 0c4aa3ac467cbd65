package betcsv

import (
	"strconv"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// AppendRow appends the row of bets.csv that holds b, as Python's csv.writer
// writes it with QUOTE_MINIMAL, its line end included.
func AppendRow(dst []byte, b *lottery.Bet) []byte { return appendRow(dst, b, true) }

// appendRow is AppendRow. If quotes is false, it writes fields as they are, and the
// caller checks afterwards whether any field needed quotes.
func appendRow(dst []byte, b *lottery.Bet, quotes bool) []byte {
	dst = strconv.AppendUint(dst, uint64(b.Agency), 10)
	dst = appendText(append(dst, ','), b.FirstName, quotes)
	dst = appendText(append(dst, ','), b.LastName, quotes)
	dst = appendText(append(dst, ','), b.Document, quotes)
	dst = b.Birthdate.Append(append(dst, ','))
	dst = strconv.AppendInt(append(dst, ','), b.Number, 10)
	return append(dst, '\r', '\n')
}

func appendText(dst []byte, text string, quotes bool) []byte {
	if quotes && needsQuotes(text) {
		return appendQuoted(dst, text)
	}
	return append(dst, text...)
}

func appendQuoted(dst []byte, field string) []byte {
	dst = append(dst, '"')
	for i := range len(field) {
		if field[i] == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, field[i])
	}
	return append(dst, '"')
}

// needsQuotes follows QUOTE_MINIMAL. Python's rule for a single empty field cannot
// apply to a row of six fields. Blanks need no quotes.
func needsQuotes(field string) bool {
	for i := range len(field) {
		c := field[i]
		if c <= ',' && (c == ',' || c == '"' || c == '\r' || c == '\n') {
			return true
		}
	}
	return false
}
