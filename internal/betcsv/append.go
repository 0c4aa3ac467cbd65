package betcsv

import (
	"bytes"
	"strconv"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// AppendRows appends the rows of bets. It fails for the first bet that is not valid. Then
// it returns the index of that bet and an error that is lottery.ErrInvalidBet.
//
// It writes all rows without quotes first, and checks all of them at once. This check must
// agree with Validate: FuzzAppendRows compares them. If a field needs quotes or a bet is
// not valid, it begins again, bet by bet, and calls Validate.
func AppendRows(dst []byte, bets []lottery.Bet) (rows []byte, invalid int, err error) {
	valid := true
	rows = dst
	for i := range bets {
		valid = valid && bets[i].Agency > 0 && bets[i].Birthdate.Valid()
		rows = appendRow(rows, &bets[i], false)
	}
	if valid && needNoQuotes(rows[len(dst):], len(bets)) {
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

// needNoQuotes returns whether count rows that were written without quotes need none,
// and whether their texts are valid. A row has five commas and one line break.
func needNoQuotes(rows []byte, count int) bool {
	return arePlain(rows) && bytes.Count(rows, []byte{','}) == 5*count &&
		bytes.Count(rows, []byte{'\r'}) == count && bytes.Count(rows, []byte{'\n'}) == count
}

// AppendRow appends the row of a bet in bets.csv, with its line end. It writes the row
// as Python's csv.writer does with QUOTE_MINIMAL.
func AppendRow(dst []byte, b *lottery.Bet) []byte { return appendRow(dst, b, true) }

// appendRow is AppendRow. If quotes is false, it writes the fields as they are. Then the
// caller must check whether a field needs quotes.
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

// needsQuotes returns whether QUOTE_MINIMAL puts a field into quotes. It leaves out
// Python's rule for an empty field that is alone in its row: a row here has six fields.
func needsQuotes(field string) bool {
	for i := range len(field) {
		c := field[i]
		if c <= ',' && (c == ',' || c == '"' || c == '\r' || c == '\n') {
			return true
		}
	}
	return false
}
