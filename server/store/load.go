package store

import (
	"io"
	"iter"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// LoadBets is the course's load_bets: it gives the bets of a bets.csv one after
// the other, in memory that does not grow with them. A bet is valid until the
// next step; its texts may be kept. An error ends the sequence; that of a file
// which ends inside a row wraps betcsv.ErrTorn.
func LoadBets(rows *betcsv.Reader) iter.Seq2[*lottery.Bet, error] {
	return func(yield func(*lottery.Bet, error) bool) {
		for {
			bet, err := rows.Next()
			if err == io.EOF || !yield(bet, err) || err != nil {
				return
			}
		}
	}
}
