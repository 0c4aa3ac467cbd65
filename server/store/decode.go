package store

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
)

const (
	readSize = 32 << 10

	// maxRow bounds the memory that one row may take. Python's reader takes
	// fields of at most 131,072 characters: three of them, of four bytes each,
	// fit in.
	maxRow = 2 << 20

	columns  = 6
	dateSize = len("YYYY-MM-DD")
)

// errUnfinished is the end of the input inside a row.
var errUnfinished = fmt.Errorf("unfinished row: %w", io.ErrUnexpectedEOF)

// decoder reads rows of bets.csv as Python's csv.reader does, quoted line
// breaks included, from a stream. It makes one string of each chunk that it
// reads, of which the texts of the bets are parts, and allocates nothing else.
type decoder struct {
	src   io.Reader
	buf   []byte // for reading
	input string // was read
	pos   int    // where in input the next row starts
	plain bool   // the whole rows of input hold no quote, no NUL and only UTF-8
	eof   bool

	rows   uint64         // before the next
	offset int64          // where in the stream the next row starts
	bet    [1]lottery.Bet // the last row; an array, so that it can be sliced
}

func newDecoder(src io.Reader) *decoder {
	return &decoder{src: src, buf: make([]byte, readSize)}
}

// next decodes one row. The bet is valid until the following call; its texts
// may be kept, but keep a chunk of the file in memory. At the end of the input
// the error is io.EOF, or wraps errUnfinished inside a row; all others name the
// row.
func (d *decoder) next() (*lottery.Bet, error) {
	for {
		n, err := d.row(d.rest())
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", d.rows+1, err)
		}
		if n > 0 {
			d.pos += n
			d.offset += int64(n)
			d.rows++
			return &d.bet[0], nil
		}
		if err := d.fill(); err != nil {
			return nil, err
		}
	}
}

// rest is what was read behind the last row.
func (d *decoder) rest() string { return d.input[d.pos:] }

// fill reads more behind what is left, at least one byte.
func (d *decoder) fill() error {
	if d.eof {
		if d.rest() == "" {
			return io.EOF
		}
		return fmt.Errorf("row %d: %w", d.rows+1, errUnfinished)
	}
	if len(d.rest()) == len(d.buf) {
		if len(d.buf) >= maxRow {
			return fmt.Errorf("row %d: longer than %d bytes; a quote that was never closed?", d.rows+1, maxRow)
		}
		d.buf = make([]byte, 2*len(d.buf))
	}
	kept := copy(d.buf, d.rest())
	n, err := io.ReadAtLeast(d.src, d.buf[kept:], 1)
	d.input, d.pos = string(d.buf[:kept+n]), 0
	d.plain = isPlain(d.input[:strings.LastIndexByte(d.input, '\n')+1])
	switch {
	case err == io.EOF:
		d.eof = true
	case err != nil:
		return fmt.Errorf("read behind row %d: %w", d.rows, err)
	}
	return nil
}

// isPlain tells whether rows can do without quotedRow and checkText. It is
// asked for many rows at once, which is far cheaper than for each.
func isPlain(rows string) bool {
	return strings.IndexByte(rows, '"') < 0 && checkText(rows) == nil
}

// row decodes the row at the start of input and returns its length, or 0 when
// the input ends before the row does.
func (d *decoder) row(input string) (int, error) {
	end := strings.IndexByte(input, '\n')
	if d.plain && end >= 0 && d.plainRow(strings.TrimSuffix(input[:end], "\r")) {
		return end + 1, nil
	}
	return d.anyRow(input, end)
}

// plainRow decodes a line of plain input if it is what this server writes.
// Anything else it leaves to anyRow, which accepts more and finds the words for
// the rest.
func (d *decoder) plainRow(line string) bool {
	if strings.IndexByte(line, '\r') >= 0 {
		return false
	}
	var fields [columns - 2]string
	for i := range fields {
		comma := strings.IndexByte(line, ',')
		if comma < 0 {
			return false
		}
		fields[i], line = line[:comma], line[comma+1:]
	}
	if len(line) <= dateSize || line[dateSize] != ',' {
		return false
	}
	agency, okAgency := parseDigits(fields[0])
	birthdate, okDate := parseDate(line[:dateSize])
	number, okNumber := parseDigits(line[dateSize+1:])
	if !okAgency || agency == 0 || agency > math.MaxUint32 || !okDate || !okNumber {
		return false
	}
	d.bet[0] = lottery.Bet{
		Agency:    lottery.AgencyID(agency),
		FirstName: fields[1],
		LastName:  fields[2],
		Document:  fields[3],
		Birthdate: birthdate,
		Number:    int64(number),
	}
	return true
}

// anyRow is row for any input, whose first line break is at end, or nowhere if
// that is negative.
func (d *decoder) anyRow(input string, end int) (int, error) {
	line := input
	if end >= 0 {
		line = strings.TrimSuffix(input[:end], "\r")
	}
	switch {
	case strings.IndexByte(line, '"') >= 0:
		return d.quotedRow(input)
	case end < 0:
		return 0, bareReturn(strings.TrimSuffix(line, "\r"))
	}
	if err := bareReturn(line); err != nil {
		return 0, err
	}
	var fields [columns]string
	rest, more := line, true
	for i := range fields {
		if !more {
			return 0, fmt.Errorf("%d columns, not %d", i, columns)
		}
		fields[i], rest, more = strings.Cut(rest, ",")
	}
	if more {
		return 0, fmt.Errorf("%d columns, not %d", columns+1+strings.Count(rest, ","), columns)
	}
	return end + 1, d.decode(line, &fields)
}

// quotedRow is Python's csv.reader, byte by byte: quotes have a meaning at the
// start of a field only, and what follows the closing quote belongs to the
// field.
func (d *decoder) quotedRow(input string) (int, error) {
	var fields [columns]string
	var text []byte // of the field
	field, fieldStart, quoted := 0, true, false
	for i := 0; i < len(input); i++ {
		c := input[i]
		switch {
		case quoted && c == '"':
			if i+1 < len(input) && input[i+1] == '"' {
				text = append(text, '"')
				i++
			} else {
				quoted = false
			}
		case quoted:
			text = append(text, c)
		case c == '"' && fieldStart:
			quoted, fieldStart = true, false
		case c == ',' || c == '\n':
			if field < columns {
				fields[field] = string(text)
			}
			field++
			if c == ',' {
				text, fieldStart = text[:0], true
				continue
			}
			if field != columns {
				return 0, fmt.Errorf("%d columns, not %d", field, columns)
			}
			return i + 1, d.decode(strings.Join(fields[:], ","), &fields)
		case c == '\r':
			if i+1 < len(input) && input[i+1] != '\n' {
				return 0, errBareReturn
			}
		default:
			text = append(text, c)
			fieldStart = false
		}
	}
	return 0, nil
}

func bareReturn(line string) error {
	if strings.IndexByte(line, '\r') >= 0 {
		return errBareReturn
	}
	return nil
}

// decode fills in the bet from its fields, which together are text.
func (d *decoder) decode(text string, fields *[columns]string) error {
	if err := checkText(text); err != nil {
		return err
	}
	agency, err := strconv.ParseUint(fields[0], 10, 32)
	if err != nil || agency == 0 {
		return fmt.Errorf("agency %.40q: not a positive integer of 32 bits", fields[0])
	}
	birthdate, ok := parseDate(fields[4])
	if !ok {
		return fmt.Errorf("birthdate %.40q: not a day YYYY-MM-DD", fields[4])
	}
	number, err := strconv.ParseInt(fields[5], 10, 64)
	if err != nil {
		return fmt.Errorf("number %.40q: not an integer of 64 bits", fields[5])
	}
	d.bet[0] = lottery.Bet{
		Agency:    lottery.AgencyID(agency),
		FirstName: fields[1],
		LastName:  fields[2],
		Document:  fields[3],
		Birthdate: birthdate,
		Number:    number,
	}
	return nil
}

func checkText(text string) error {
	if strings.IndexByte(text, 0) >= 0 {
		return errors.New("holds a NUL")
	}
	if !utf8.ValidString(text) {
		return errors.New("not UTF-8")
	}
	return nil
}

func parseDate(s string) (lottery.Date, bool) {
	if len(s) != dateSize || s[4] != '-' || s[7] != '-' {
		return lottery.Date{}, false
	}
	year, okYear := parseDigits(s[:4])
	month, okMonth := parseDigits(s[5:7])
	day, okDay := parseDigits(s[8:])
	d := lottery.Date{Year: uint16(year), Month: uint8(month), Day: uint8(day)}
	return d, okYear && okMonth && okDay && d.Valid()
}

// parseDigits reads up to 18 decimal digits, which any integer of 64 bits can
// hold.
func parseDigits(s string) (n uint64, ok bool) {
	if len(s) == 0 || len(s) > 18 {
		return 0, false
	}
	for i := range len(s) {
		digit := s[i] - '0' // wraps around below '0'
		if digit > 9 {
			return 0, false
		}
		n = 10*n + uint64(digit)
	}
	return n, true
}

var errBareReturn = errors.New(`holds a \r that ends no line`)
