package store

import (
	"fmt"
	"io"
	"iter"
	"os"
	"sort"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
)

// mark is where a row begins. Only who has followed the file's quotes from its
// start knows such places.
type mark struct {
	offset int64
	rows   uint64 // before it
}

// markEvery is how far marks lie apart, in bytes, at least. They can lie as far
// apart as what is written at once is long.
const markEvery = 256 << 10

// addMark remembers that a row begins there, if no other does nearby.
func addMark(marks []mark, next mark) []mark {
	last := int64(0)
	if len(marks) > 0 {
		last = marks[len(marks)-1].offset
	}
	if next.offset-last < markEvery {
		return marks
	}
	return append(marks, next)
}

// LoadBets streams the bets that were durable when it was called, in memory
// that does not grow with them. A bet is valid until the next step; its texts
// may be kept. An error ends the stream.
func (s *Store) LoadBets() iter.Seq2[*lottery.Bet, error] { return s.Parts(1)[0] }

// Parts cuts what LoadBets streams into n parts, of about the same size if that
// is large. They may be read at the same time.
func (s *Store) Parts(n int) []iter.Seq2[*lottery.Bet, error] {
	s.mu.Lock()
	size, marks := s.size, s.marks
	s.mu.Unlock()
	parts := make([]iter.Seq2[*lottery.Bet, error], n)
	begin := mark{}
	for i := range parts {
		end := mark{offset: size}
		if share := size / int64(n) * int64(i+1); i < n-1 {
			end = markBehind(marks, share, begin)
		}
		parts[i] = s.part(begin, end)
		begin = end
	}
	return parts
}

// markBehind returns the first mark that is not before an offset, else the
// given one.
func markBehind(marks []mark, offset int64, otherwise mark) mark {
	at := sort.Search(len(marks), func(i int) bool { return marks[i].offset >= offset })
	if at == len(marks) {
		return otherwise
	}
	return marks[at]
}

func (s *Store) part(begin, end mark) iter.Seq2[*lottery.Bet, error] {
	return loadBets(s.path, begin.rows, func() io.Reader {
		return io.NewSectionReader(s.file.file, begin.offset, end.offset-begin.offset)
	})
}

// LoadBets streams the bets of any bets.csv, as the method does. An unfinished
// row at its end is an error.
func LoadBets(path string) iter.Seq2[*lottery.Bet, error] {
	return func(yield func(*lottery.Bet, error) bool) {
		file, err := os.Open(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer file.Close() // read only: its error tells nothing
		loadBets(path, 0, func() io.Reader { return file })(yield)
	}
}

// loadBets streams rows of a file, of which that many come before.
func loadBets(path string, before uint64, open func() io.Reader) iter.Seq2[*lottery.Bet, error] {
	return func(yield func(*lottery.Bet, error) bool) {
		d := newDecoder(open())
		d.rows = before
		for {
			bet, err := d.next()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(nil, fmt.Errorf("%s: %w", path, err))
				return
			}
			if !yield(bet, nil) {
				return
			}
		}
	}
}
