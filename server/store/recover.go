package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// progressEvery is the time between two reports of progress during a start.
const progressEvery = 3 * time.Second

// checkEvery is how many rows a start reads before it looks again whether it must end.
const checkEvery = 1024

// recover reads the whole of bets.csv and counts its bets. It changes nothing, and
// fails with ctx's cause if ctx ends before that.
func (s *Store) recover(ctx context.Context, progress func(read, size int64)) error {
	total, err := s.file.file.Size()
	if err != nil {
		return fmt.Errorf("size of %s: %w", s.path, err)
	}
	end, err := sizeWithoutNULs(s.file.file, total)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.path, err)
	}
	rows := betcsv.NewReader(io.NewSectionReader(s.file.file, 0, end))
	reported := time.Now()
	for bet, err := range LoadBets(rows) {
		if errors.Is(err, betcsv.ErrTorn) {
			break
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.path, err)
		}
		if err := s.recoverBet(bet); err != nil {
			return fmt.Errorf("%s: %s: %w", s.path, rows.Where(), err)
		}
		if rows.Rows()%checkEvery != 0 {
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if progress != nil && time.Since(reported) >= progressEvery {
			reported = time.Now()
			progress(rows.BytesRead(), total)
		}
	}
	s.wholeSize = rows.BytesRead()
	return nil
}

// recoverBet counts a bet of the file. It fails for a winner whose document is too long
// for a message: the central could not answer a query of that agency. No agency can have
// sent such a bet, but another program may have written it.
func (s *Store) recoverBet(bet *lottery.Bet) error {
	if lottery.HasWon(bet) && len(bet.Document) > protocol.MaxString {
		return fmt.Errorf("the winner's document has %d bytes, at most %d can be sent to an agency", len(bet.Document), protocol.MaxString)
	}
	a := s.agency(bet.Agency)
	// A bet that is too long for a message counts, and adds nothing to the checksum.
	s.record, _ = protocol.AppendRecord(s.record[:0], bet)
	a.durable = State{Bets: a.durable.Bets + 1, Sum: protocol.Checksum(a.durable.Sum, s.record)}
	a.writing, a.queued = a.durable, a.durable
	s.bets++
	s.winners = appendWinner(s.winners, bet)
	return nil
}

// sizeWithoutNULs returns the size of a file without the NULs at its end. After a
// crash a file can end in NULs: its new size was saved, its new bytes were not.
func sizeWithoutNULs(file io.ReaderAt, size int64) (int64, error) {
	buf := make([]byte, 64<<10)
	for size > 0 {
		chunk := buf[:min(size, int64(len(buf)))]
		if n, err := file.ReadAt(chunk, size-int64(len(chunk))); n < len(chunk) {
			return 0, err
		}
		kept := bytes.TrimRight(chunk, "\x00")
		size -= int64(len(chunk) - len(kept))
		if len(kept) > 0 {
			break
		}
	}
	return size, nil
}
