// Package betcsv reads and writes bets as CSV. It reads the data file of an
// agency, and it reads and writes bets.csv as the course's Python does.
package betcsv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/reason"
)

// ErrTorn is wrapped by the error of a bets.csv that ends inside a row, as a
// crash leaves it.
var ErrTorn = fmt.Errorf("the last row is unfinished: %w", io.ErrUnexpectedEOF)

const (
	dataFields = 5 // of a row of a data file
	betsFields = 6 // of a row of bets.csv

	readSize = 16 << 10

	// maxLine is the longest line of a data file. A bet that fits a message has a far
	// shorter line.
	maxLine = readSize

	// maxRow allows every row that Python reads: three texts of 131,072
	// characters (Python's limit) of 4 bytes each, rounded up.
	maxRow = 2 << 20

	// byteOrderMark is what some programs write before UTF-8 text.
	byteOrderMark = "\ufeff"
)

// Reader reads bets, one row after the other. It makes one string of each piece of the
// file that it reads. The texts of the bets are parts of that string, so a bet costs no
// allocation.
type Reader struct {
	src    io.Reader
	data   bool             // src is a data file; otherwise it is bets.csv
	name   string           // of a data file
	agency lottery.AgencyID // of a data file

	buf   []byte // for reading
	input string // the piece of the file that was read last
	pos   int    // where in input the next row starts
	plain bool   // the whole rows of input are plain, see plain.go
	begun bool   // src was read from
	eof   bool   // src has no more

	rows   uint64      // read so far
	offset int64       // where in src the next row starts
	bet    lottery.Bet // of the last row
}

// NewDataReader returns a Reader of an agency's data file: CSV as in RFC 4180
// with the fields first name, last name, document, birthdate and number. A line ends
// in LF or CRLF; the last one may have no end. A field holds no line break. The Reader
// skips empty lines and a byte order mark. The name of the file is for errors.
func NewDataReader(src io.Reader, name string, agency lottery.AgencyID) *Reader {
	return &Reader{src: src, data: true, name: name, agency: agency, buf: make([]byte, readSize)}
}

// NewReader returns a Reader of bets.csv. It accepts the rows that Python's csv.reader
// accepts: six fields, the agency first, and line breaks inside quotes.
func NewReader(src io.Reader) *Reader { return &Reader{src: src, buf: make([]byte, readSize)} }

// Next reads one bet. The next call overwrites the bet, but not its texts. Next fails
// with io.EOF at the end. If a bets.csv ends inside a row, the error wraps ErrTorn, and
// BytesRead returns where that row begins. Any other error names the row, or the file and
// the line.
func (r *Reader) Next() (*lottery.Bet, error) {
	for {
		size, blank, err := r.row(r.rest())
		if size > 0 || err != nil {
			r.rows++
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Where(), err)
		}
		r.pos += size
		r.offset += int64(size)
		if size > 0 && !blank {
			return &r.bet, nil
		}
		if size == 0 {
			if err := r.fill(); err != nil {
				return nil, err
			}
		}
	}
}

// Where returns the name of the row that Next read last: "agency-1.csv, line 3" or "row 3".
func (r *Reader) Where() string {
	if r.data {
		return fmt.Sprintf("%s, line %d", r.name, r.rows)
	}
	return fmt.Sprintf("row %d", r.rows)
}

// Rows returns how many rows were read, empty lines included.
func (r *Reader) Rows() uint64 { return r.rows }

// BytesRead returns where the next row begins, in bytes from the start of the file.
func (r *Reader) BytesRead() int64 { return r.offset }

// rest returns the bytes of input that no row has taken yet.
func (r *Reader) rest() string { return r.input[r.pos:] }

// fill reads at least one byte more. It fails at the end of the file.
func (r *Reader) fill() error {
	if r.eof {
		return r.end()
	}
	if len(r.rest()) == len(r.buf) {
		if limit := r.maxRow(); len(r.buf) >= limit {
			r.rows++
			return fmt.Errorf("%s: longer than %d bytes; a quote that was never closed?", r.Where(), limit)
		}
		r.buf = make([]byte, 2*len(r.buf))
	}
	least := 1
	if !r.begun {
		least = len(byteOrderMark) // so that the whole mark is in the buffer
	}
	kept := copy(r.buf, r.rest())
	n, err := io.ReadAtLeast(r.src, r.buf[kept:], least)
	content := r.buf[:kept+n]
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		r.eof = true
		if r.data && len(content) > 0 {
			content = append(content, '\n') // ends the last line; if that has an end, adds an empty line, which is skipped
		}
	case err != nil:
		return fmt.Errorf("read after %s: %w", r.Where(), reason.Of(err))
	}
	r.plain = arePlain(content[:bytes.LastIndexByte(content, '\n')+1])
	r.input, r.pos = string(content), 0
	if !r.begun && r.data && strings.HasPrefix(r.input, byteOrderMark) {
		r.pos, r.offset = len(byteOrderMark), int64(len(byteOrderMark))
	}
	r.begun = true
	return nil
}

// maxRow returns the size of the longest row in bytes. It bounds the memory.
func (r *Reader) maxRow() int {
	if r.data {
		return maxLine
	}
	return maxRow
}

// end returns io.EOF, or the error for an unfinished last row.
func (r *Reader) end() error {
	if r.rest() == "" {
		return io.EOF
	}
	r.rows++
	if r.holdsRow() {
		return fmt.Errorf("%s: opens a quote that nothing closes, before other rows", r.Where())
	}
	return fmt.Errorf("%s: %w", r.Where(), ErrTorn)
}

// holdsRow returns whether whole rows follow the first line of an unfinished row. If so,
// the row has a quote that is never closed. A crash is not the cause: it tears only the
// last row.
func (r *Reader) holdsRow() bool {
	other := Reader{data: r.data}
	_, rest, _ := strings.Cut(r.rest(), "\n")
	for line := range strings.Lines(rest) {
		if size, _, err := other.row(line); size > 0 && err == nil {
			return true
		}
	}
	return false
}
