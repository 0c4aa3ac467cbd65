package agency

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// chunkSize is how much of a data file is in memory at once, and so the length
// of the longest line, in bytes. Any row that can be sent is far shorter.
const chunkSize = 16 << 10

// byteOrderMark is what some programs write before UTF-8 text.
const byteOrderMark = "\ufeff"

// Reader reads the bets of an agency's data file one after the other. The file
// is CSV as in RFC 4180; lines end in LF or CRLF, the last in either or
// neither; empty lines are passed over. Its memory is constant.
type Reader struct {
	name  string
	file  io.ReadCloser
	size  int64
	chunk []byte         // read, up to inside a line
	read  int64          // bytes taken out of chunk
	bets  []protocol.Bet // taken out and parsed; plainBets fills it anew
	given int            // how many of bets were given out
	lines string         // taken out and to be parsed one by one
	bet   protocol.Bet   // the last of those
	line  int            // number of the line given out last
	end   bool           // the file has no more to read
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

func newReader(name string, file io.ReadCloser) *Reader {
	return &Reader{name: name, file: file, chunk: make([]byte, 0, chunkSize)}
}

// Next reads the next bet, which is valid until the following call. It fails
// with io.EOF after the last. Any other error names the file and the line.
func (r *Reader) Next() (*protocol.Bet, error) {
	for {
		switch {
		case r.given < len(r.bets):
			r.given++
			r.line++
			return &r.bets[r.given-1], nil
		case r.lines != "":
			if bet, err := r.parseLine(); bet != nil || err != nil {
				return bet, err
			}
		default:
			if err := r.fill(); err != nil {
				return nil, err
			}
		}
	}
}

// parseLine parses the first of r.lines. It returns nil if that is empty.
func (r *Reader) parseLine() (*protocol.Bet, error) {
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
	if r.bet, err = ParseBet(row[0], row[1], row[2], row[3], row[4]); err != nil {
		return nil, r.fail(err)
	}
	return &r.bet, nil
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
			r.take(string(r.chunk[:whole])) // one allocation for many bets
			r.chunk = r.chunk[:copy(r.chunk, r.chunk[whole:])]
			return nil
		}
	}
	return io.EOF
}

// take parses whole lines, or leaves that to parseLine.
func (r *Reader) take(lines string) {
	begin := r.read == 0
	r.read += int64(len(lines))
	if begin {
		lines = strings.TrimPrefix(lines, byteOrderMark)
	}
	bets, ok := plainBets(r.bets[:0], lines)
	if !ok {
		bets, r.lines = bets[:0], lines
	}
	r.bets, r.given = bets, 0
}

// fail says where an error in the file is.
func (r *Reader) fail(err error) error { return fmt.Errorf("%s, line %d: %w", r.name, r.line, err) }

// Line is the number of the line that the last bet came from.
func (r *Reader) Line() int { return r.line }

// Progress tells how many bytes of the file have been taken, of how many.
func (r *Reader) Progress() (read, size int64) { return r.read, r.size }

// Close closes the file.
func (r *Reader) Close() error { return r.file.Close() }
