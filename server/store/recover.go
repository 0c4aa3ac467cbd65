package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// recover reads the whole file, counts its bets and cuts a torn tail off.
func (s *Store) recover() error {
	total, err := s.file.file.Size()
	if err != nil {
		return fmt.Errorf("size of %s: %w", s.path, err)
	}
	end, err := trimNULs(s.file.file, total)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.path, err)
	}
	rows := betcsv.NewReader(io.NewSectionReader(s.file.file, 0, end))
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
	}
	whole := rows.Offset()
	if s.torn = total - whole; s.torn > 0 {
		if err := s.keepTorn(whole); err != nil {
			return fmt.Errorf("keep the torn end of %s: %w", s.path, err)
		}
	}
	return s.file.begin(whole)
}

// recoverBet takes in a bet that the file holds. It refuses a winner of which its
// agency could never be told: no bet that travelled is one, but a foreign file may
// hold it, and then every query of the agency would fail.
func (s *Store) recoverBet(bet *lottery.Bet) error {
	if lottery.HasWon(bet) && len(bet.Document) > protocol.MaxString {
		return fmt.Errorf("the winner's document has %d bytes, at most %d can be sent to an agency", len(bet.Document), protocol.MaxString)
	}
	a := s.agency(bet.Agency)
	// A bet that no message can carry, which a foreign file may hold, counts and
	// adds nothing to the checksum.
	s.record, _ = protocol.AppendRecord(s.record[:0], bet)
	a.durable = State{Bets: a.durable.Bets + 1, Sum: protocol.Checksum(a.durable.Sum, s.record)}
	a.writing, a.queued = a.durable, a.durable
	s.bets++
	s.winners = appendWinner(s.winners, bet)
	return nil
}

// keepTorn appends what follows the last whole row to path.torn, durably: it is
// cut off next.
func (s *Store) keepTorn(whole int64) (err error) {
	torn, err := openAppender(s.path+".torn", Options{FS: s.file.fs})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, torn.close()) }() // close syncs
	if _, err := io.Copy(torn.file, io.NewSectionReader(s.file.file, whole, s.torn)); err != nil {
		return err
	}
	return torn.syncDir()
}

// trimNULs tells how long the file is without the NULs at its end: what a crash
// leaves when the size of a file reached the disk and its bytes did not.
func trimNULs(file io.ReaderAt, size int64) (int64, error) {
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
