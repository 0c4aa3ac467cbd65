package store

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
)

// Select finds the durable bets that have a number, in the order of storage,
// and tells how many it has looked at. It reads with all processors, in memory
// that grows with what it finds only. What it passes over it does not check
// again, other than that no row is missing. It fails, with the context's cause,
// once that ends.
func (s *Store) Select(ctx context.Context, number int64) (found []lottery.Bet, bets uint64, err error) {
	parts := s.parts(runtime.GOMAXPROCS(0))
	results := make([]selection, len(parts))
	var reading sync.WaitGroup
	for i, p := range parts {
		reading.Go(func() { results[i] = s.selectFrom(ctx, p, number) })
	}
	reading.Wait()
	for i, p := range parts {
		if err := results[i].err; err != nil {
			return nil, 0, err
		}
		found = append(found, results[i].found...)
		bets += p.end.rows - p.begin.rows
	}
	return found, bets, nil
}

// selection is what was found in a part.
type selection struct {
	found []lottery.Bet
	err   error
}

func (s *Store) selectFrom(ctx context.Context, p part, number int64) (result selection) {
	// However the number is written in its row, it ends in these digits.
	digits := strings.TrimPrefix(strconv.FormatInt(number, 10), "-")
	d := newDecoder(p.open(s.file.file))
	d.rows = p.begin.rows
	for {
		if ctx.Err() != nil {
			result.err = context.Cause(ctx)
			return result
		}
		d.pass(digits)
		bet, err := d.take()
		if bet == nil && err == nil {
			err = d.fill()
		}
		switch {
		case err == io.EOF && d.rows == p.end.rows:
			return result
		case err == io.EOF:
			result.err = fmt.Errorf("%s: %d rows where %d were stored; has it been changed?", s.path, d.rows, p.end.rows)
			return result
		case err != nil:
			result.err = fmt.Errorf("%s: %w", s.path, err)
			return result
		case bet != nil && bet.Number == number:
			result.found = append(result.found, detached(bet))
		}
	}
}

// detached copies a bet whose texts are parts of a chunk of the file.
func detached(b *lottery.Bet) lottery.Bet {
	c := *b
	c.FirstName, c.LastName, c.Document = strings.Clone(b.FirstName), strings.Clone(b.LastName), strings.Clone(b.Document)
	return c
}
