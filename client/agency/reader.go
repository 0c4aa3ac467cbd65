package agency

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
)

// chunkSize is how much of a data file is in memory at once, and so the length
// of the longest line, in bytes. Any row that can be sent is far shorter.
const chunkSize = 16 << 10

// usualLine is about how long the shorter lines of data files are.
const usualLine = 40

// byteOrderMark is what some programs write before UTF-8 text.
const byteOrderMark = "\ufeff"

// Reader reads the bets of an agency's data file one after the other. The file
// is CSV as in RFC 4180; lines end in LF or CRLF, the last in either or
// neither; empty lines are passed over. Its memory is constant.
type Reader struct {
	name     string
	file     io.ReadCloser
	size     int64
	*buffers        // nil once closed
	read     int64  // bytes taken out of chunk
	lines    string // taken out, and to be looked at one by one
	line     int    // number of the line given out last
	end      bool   // the file has no more to read
}

// Open opens a data file. It fails, saying what to do, if that cannot be read.
func Open(name string) (*Reader, error) {
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("%w (make it readable for all: chmod a+r %s)", err, name)
	}
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder, expected a data file", name)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	r := newReader(name, file)
	r.size = info.Size()
	return r, nil
}

// buffers are what a Reader holds of its file.
type buffers struct {
	chunk   []byte  // read from the file, up to inside a line
	records records // of bets that were taken out of chunk
}

// spare buffers are those of Readers that are closed: new memory costs more than
// to fill it.
var spare = sync.Pool{New: func() any {
	return &buffers{
		chunk: make([]byte, 0, chunkSize),
		// No plain line is shorter than its record.
		records: records{bytes: make([]byte, 0, chunkSize), ends: make([]int, 0, chunkSize/usualLine)},
	}
}}

func newReader(name string, file io.ReadCloser) *Reader {
	b := spare.Get().(*buffers)
	b.chunk, b.records = b.chunk[:0], b.records.empty()
	return &Reader{name: name, file: file, buffers: b}
}

// Next reads the next bet and returns its record (protocol.AppendRecord), which
// is valid until the following call. It fails with io.EOF after the last. Any
// other error names the file and the line.
func (r *Reader) Next() ([]byte, error) {
	for {
		if record := r.records.next(); record != nil {
			r.line++
			return record, nil
		}
		if r.lines == "" {
			if err := r.fill(); err != nil {
				return nil, err
			}
		} else if record, err := r.nextLine(); record != nil || err != nil {
			return record, err
		}
	}
}

// nextLine encodes the bet of the first of r.lines. It returns nil if that is
// empty.
func (r *Reader) nextLine() ([]byte, error) {
	line, rest, broken := strings.Cut(r.lines, "\n")
	r.lines = rest
	r.line++
	if broken {
		line = strings.TrimSuffix(line, "\r")
	}
	if line == "" {
		return nil, nil
	}
	row, err := splitRow(line)
	if err != nil {
		return nil, r.fail(err)
	}
	bet, err := ParseBet(row[0], row[1], row[2], row[3], row[4])
	if err != nil {
		return nil, r.fail(err)
	}
	if r.records.bytes, err = bet.Append(r.records.bytes[:0]); err != nil {
		return nil, r.fail(err)
	}
	return r.records.bytes, nil
}

// fill takes whole lines out of the file.
func (r *Reader) fill() error {
	for !r.end {
		n, err := r.file.Read(r.chunk[len(r.chunk):cap(r.chunk)])
		r.chunk = r.chunk[:len(r.chunk)+n]
		switch {
		case errors.Is(err, io.EOF):
			r.end = true
		case err != nil:
			return fmt.Errorf("read %s: %w", r.name, err)
		}
		whole := bytes.LastIndexByte(r.chunk, '\n') + 1
		if r.end {
			whole = len(r.chunk)
		}
		if whole == 0 && len(r.chunk) == cap(r.chunk) {
			r.line++
			return r.fail(fmt.Errorf("longer than %d bytes", chunkSize))
		}
		if whole > 0 {
			r.take(r.chunk[:whole])
			r.chunk = r.chunk[:copy(r.chunk, r.chunk[whole:])]
			return nil
		}
	}
	return io.EOF
}

// take encodes the bets of whole lines, or leaves that to nextLine.
func (r *Reader) take(lines []byte) {
	begin := r.read == 0
	r.read += int64(len(lines))
	if begin {
		lines = bytes.TrimPrefix(lines, []byte(byteOrderMark))
	}
	var ok bool
	if r.records, ok = plainRecords(r.records, lines); !ok {
		r.records = r.records.empty()
		r.lines = string(lines)
	}
}

// fail says where an error in the file is.
func (r *Reader) fail(err error) error { return fmt.Errorf("%s, line %d: %w", r.name, r.line, err) }

// Progress tells how many bytes of the file have been taken, of how many.
func (r *Reader) Progress() (read, size int64) { return r.read, r.size }

// Close closes the file. Nothing else may be done with the Reader afterwards.
func (r *Reader) Close() error {
	if r.buffers != nil {
		spare.Put(r.buffers)
		r.buffers = nil
	}
	return r.file.Close()
}
