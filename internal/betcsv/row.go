package betcsv

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

var (
	errReturn = errors.New(`holds a \r that ends no line`)
	errQuote  = errors.New("a quote that opens no field, or closes none (a field cannot hold a line break)")
)

// fields are the fields of a row: six in bets.csv, five in a data file.
type fields [betsFields]string

// row reads the row at the start of input into r.bet. It returns the size of the row in
// bytes, with its line end, or 0 if input ends inside the row. blank is true for an
// empty line, which holds no bet.
func (r *Reader) row(input string) (size int, blank bool, err error) {
	if size := r.plainRow(input); size > 0 {
		return size, false, nil
	}
	var f fields
	size, count, err := split(input, r.data, &f)
	switch {
	case size == 0 || err != nil:
		return size, false, err
	case r.data && count == 1 && f[0] == "" && input[0] != '"':
		return size, true, nil
	case r.data && count != dataFields:
		return size, false, countError(input[:size], count, dataFields)
	case !r.data && count != betsFields:
		return size, false, countError(input[:size], count, betsFields)
	}
	if err := r.parse(&f); err != nil {
		return size, false, err
	}
	if r.data {
		return size, false, r.bet.Validate()
	}
	return size, false, checkText(input[:size])
}

// parse makes r.bet from the fields of a row.
func (r *Reader) parse(f *fields) (err error) {
	if r.data {
		r.bet, err = lottery.ParseBet(r.agency, f[0], f[1], f[2], f[3], f[4])
		return err
	}
	agency, err := lottery.ParseAgencyID(f[0])
	if err != nil {
		return err
	}
	r.bet, err = lottery.ParseBet(agency, f[1], f[2], f[3], f[4], f[5])
	return err
}

// split parses the row at the start of input. It returns the row's size, or 0 if
// input ends inside the row, and how many fields the row has. If strict it follows
// RFC 4180, for data files; otherwise Python's rules, for bets.csv.
func split(input string, strict bool, f *fields) (size, count int, err error) {
	for {
		var field string
		var n int
		if strings.HasPrefix(input[size:], `"`) {
			field, n, err = quotedField(input[size:], strict)
		} else {
			field, n, err = plainField(input[size:], strict)
		}
		size += n
		if err != nil || n == 0 {
			return n, count, err // with an error the exact size does not matter
		}
		if count < len(f) {
			f[count] = field
		}
		count++
		if input[size-1] == '\n' {
			return size, count, nil
		}
	}
}

// plainField reads the field at the start of input, which does not begin with a quote.
// size counts the field and the comma or line end after it. It is 0 if neither comes.
// Python keeps a quote inside such a field; strict refuses it.
func plainField(input string, strict bool) (field string, size int, err error) {
	for i := range len(input) {
		switch c := input[i]; {
		case c == ',':
			return input[:i], i + 1, nil
		case c == '\n':
			return strings.TrimSuffix(input[:i], "\r"), i + 1, nil
		case c == '\r' && i+1 < len(input) && input[i+1] != '\n':
			return "", i + 1, errReturn
		case c == '"' && strict:
			return "", i + 1, errQuote
		}
	}
	return "", 0, nil
}

// quotedField reads the field at the start of input, which begins with a quote. size
// counts the field and the comma or line end after it. It is 0 if neither comes.
// Two quotes stand for one. Python allows line breaks in such a field, and adds the
// text after the closing quote to it: "a"b is ab. strict refuses both.
func quotedField(input string, strict bool) (field string, size int, err error) {
	var text []byte
	quoted := true
	for i := 1; i < len(input); i++ {
		c := input[i]
		switch {
		case quoted && c == '"' && strings.HasPrefix(input[i+1:], `"`):
			text = append(text, '"')
			i++
		case quoted && c == '"':
			quoted = false
		case quoted && strict && (c == '\n' || c == '\r'):
			return "", i + 1, errQuote
		case quoted:
			text = append(text, c)
		case c == ',' || c == '\n':
			return string(text), i + 1, nil
		case c == '\r':
			if i+1 < len(input) && input[i+1] != '\n' {
				return "", i + 1, errReturn
			}
		case strict:
			return "", i + 1, errQuote
		default:
			text = append(text, c)
		}
	}
	return "", 0, nil
}

func countError(line string, count, expected int) error {
	if strings.Count(line, ";") >= expected-1 {
		return fmt.Errorf("the fields are separated by semicolons, expected commas")
	}
	return fmt.Errorf("%d fields, expected %d", count, expected)
}

// checkText fails for a NUL, which a crash may leave in bets.csv, and for bytes that are
// not UTF-8. It allows line breaks inside quotes, because Python writes them.
func checkText(row string) error {
	if strings.IndexByte(row, 0) >= 0 {
		return errors.New("holds a NUL")
	}
	if !utf8.ValidString(row) {
		return errors.New("not UTF-8")
	}
	return nil
}
