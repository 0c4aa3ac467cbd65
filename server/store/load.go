package store

import (
	"fmt"
	"io"
	"iter"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
)

// LoadBets is the course's load_bets: it streams the bets that were durable when
// it was called, in memory that does not grow with them. A bet is valid until
// the next step; its texts may be kept. An error ends the stream.
func (s *Store) LoadBets() iter.Seq2[*lottery.Bet, error] {
	s.mu.Lock()
	size := s.size
	s.mu.Unlock()
	return func(yield func(*lottery.Bet, error) bool) {
		d := newDecoder(io.NewSectionReader(s.file.file, 0, size))
		for {
			bet, err := d.next()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(nil, fmt.Errorf("%s: %w", s.path, err))
				return
			}
			if !yield(bet, nil) {
				return
			}
		}
	}
}
