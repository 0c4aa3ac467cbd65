package agency

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// fields is how many a row of a data file has: first name, last name,
// document, birthdate, number.
const fields = 5

const dateSize = len("YYYY-MM-DD")

// ParseBet makes a bet of its five fields as a person wrote them: birthdate as
// YYYY-MM-DD, number as a decimal integer. It fails, naming the field, if the
// central would refuse the bet.
func ParseBet(firstName, lastName, document, birthdate, number string) (protocol.Bet, error) {
	bet := protocol.Bet{FirstName: firstName, LastName: lastName, Document: document}
	var err error
	if err = checkText("first name", firstName); err != nil {
		return bet, err
	}
	if err = checkText("last name", lastName); err != nil {
		return bet, err
	}
	if err = checkText("document", document); err != nil {
		return bet, err
	}
	var ok bool
	if bet.Birthdate, ok = parseDate(birthdate); !ok {
		return bet, fmt.Errorf("birthdate: %q is no day in the form YYYY-MM-DD", birthdate)
	}
	if bet.Number, err = strconv.ParseInt(number, 10, 64); err != nil {
		return bet, fmt.Errorf("number: %q is no integer of 64 bits", number)
	}
	return bet, nil
}

// checkText fails for what the protocol cannot carry and what bets.csv cannot
// hold in one line.
func checkText(field, s string) error {
	if len(s) > protocol.MaxString {
		return fmt.Errorf("%s: %d bytes, at most %d", field, len(s), protocol.MaxString)
	}
	var all byte
	for i := range len(s) {
		c := s[i]
		if c <= '\r' && (c == '\n' || c == '\r' || c == 0) {
			return fmt.Errorf("%s: holds a line break or a NUL", field)
		}
		all |= c
	}
	if all >= utf8.RuneSelf && !utf8.ValidString(s) { // ASCII is valid
		return fmt.Errorf("%s: not UTF-8", field)
	}
	return nil
}

// parseDate reads YYYY-MM-DD.
func parseDate[Text string | []byte](s Text) (date protocol.Date, ok bool) {
	if len(s) != dateSize || s[4] != '-' || s[7] != '-' {
		return date, false
	}
	century, ok1 := twoDigits(s[0], s[1])
	year, ok2 := twoDigits(s[2], s[3])
	month, ok3 := twoDigits(s[5], s[6])
	day, ok4 := twoDigits(s[8], s[9])
	year += 100 * century
	date = protocol.Date{Year: uint16(year), Month: uint8(month), Day: uint8(day)}
	return date, ok1 && ok2 && ok3 && ok4 && dayExists(year, month, day)
}

func twoDigits(tens, ones byte) (n int, ok bool) {
	tens, ones = tens-'0', ones-'0' // wrap around below '0'
	return 10*int(tens) + int(ones), tens <= 9 && ones <= 9
}

func dayExists(year, month, day int) bool {
	if year < 1 || month < 1 || month > 12 || day < 1 {
		return false
	}
	// Every month has 28 days. time.Date carries days that do not exist over
	// to the next month.
	return day <= 28 || time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Day() == day
}

var errQuote = errors.New("a quote that opens no field, or closes none (a field cannot hold a line break)")

// splitRow takes the fields of a line of CSV (RFC 4180, without line breaks
// inside fields) apart. A line without quotes costs no allocation.
func splitRow(line string) (row [fields]string, err error) {
	quotes := strings.IndexByte(line, '"') >= 0
	more := true
	for n := range row {
		switch {
		case !more:
			return row, fmt.Errorf("%d fields, expected %d", n, fields)
		case quotes && strings.HasPrefix(line, `"`):
			if row[n], line, more, err = quotedField(line[1:]); err != nil {
				return row, err
			}
		default:
			row[n], line, more = strings.Cut(line, ",")
			if quotes && strings.IndexByte(row[n], '"') >= 0 {
				return row, errQuote
			}
		}
	}
	if more {
		return row, fmt.Errorf("more than %d fields", fields)
	}
	return row, nil
}

// quotedField takes a field off the front of a line, from behind its opening
// quote to the comma that follows it. More tells whether there was one.
func quotedField(line string) (field, rest string, more bool, err error) {
	for end := 0; ; {
		quote := strings.IndexByte(line[end:], '"')
		if quote < 0 {
			return "", "", false, errQuote
		}
		end += quote
		switch rest = line[end+1:]; {
		case strings.HasPrefix(rest, `"`):
			end += 2 // a doubled quote stands for one
			continue
		case rest != "" && rest[0] != ',':
			return "", "", false, errQuote
		}
		field = strings.ReplaceAll(line[:end], `""`, `"`)
		return field, strings.TrimPrefix(rest, ","), rest != "", nil
	}
}
