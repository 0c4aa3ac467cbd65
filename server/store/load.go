package store

import (
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
)

// LoadBets streams the bets that were durable when it was called, in memory
// that does not grow with them. A bet is valid until the next step; its texts
// may be kept. An error ends the stream.
func (s *Store) LoadBets() iter.Seq2[*lottery.Bet, error] {
	s.mu.Lock()
	size := s.size
	s.mu.Unlock()
	return loadBets(s.path, func() io.Reader { return io.NewSectionReader(s.file.file, 0, size) })
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
		loadBets(path, func() io.Reader { return file })(yield)
	}
}

func loadBets(path string, open func() io.Reader) iter.Seq2[*lottery.Bet, error] {
	return func(yield func(*lottery.Bet, error) bool) {
		d := newDecoder(open())
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
