package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
)

// recover reads the whole file, counts its bets, each of which must pass the
// check, and cuts a torn tail off.
func (s *Store) recover(check func(*lottery.Bet) error) error {
	total, err := s.file.file.Size()
	if err != nil {
		return fmt.Errorf("size of %s: %w", s.path, err)
	}
	end, err := trimNULs(s.file.file, total)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.path, err)
	}
	whole, err := s.count(io.NewSectionReader(s.file.file, 0, end), check)
	if err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	if s.torn = total - whole; s.torn > 0 {
		if err := s.keepTorn(whole); err != nil {
			return fmt.Errorf("keep the torn end of %s: %w", s.path, err)
		}
	}
	s.size = whole
	return s.file.begin(whole)
}

// count decodes all rows, and tells where the last whole one ends.
func (s *Store) count(src io.Reader, check func(*lottery.Bet) error) (int64, error) {
	d := newDecoder(src)
	for {
		bet, err := d.next()
		if errors.Is(err, errUnfinished) && holdsRow(d.rest()) {
			return 0, fmt.Errorf("row %d: opens a quote that nothing closes, before other rows", d.rows+1)
		}
		if err == io.EOF || errors.Is(err, errUnfinished) {
			return d.offset, nil
		}
		if err != nil {
			return 0, err
		}
		if err := check(bet); err != nil {
			return 0, fmt.Errorf("row %d: %w", d.rows, err)
		}
		a := s.agency(bet.Agency)
		a.durable.Bets++
		a.durable.Sum = s.digest(a.durable.Sum, d.bet[:])
		a.flushing, a.queued = a.durable, a.durable
		s.bets++
		s.winners = appendWinners(s.winners, d.bet[:])
	}
}

// holdsRow tells whether whole rows follow the first line of an unfinished row.
// A crash tears the last row only: this is a stray quote, which would swallow
// the rest of the file.
func holdsRow(rest string) bool {
	var d decoder
	_, rest, _ = strings.Cut(rest, "\n")
	for rest != "" {
		line := rest[:strings.IndexByte(rest, '\n')+1]
		if line == "" {
			return false
		}
		if n, err := d.row(line); err == nil && n > 0 {
			return true
		}
		rest = rest[len(line):]
	}
	return false
}

// keepTorn appends what lies behind the last whole row to path.torn, durably:
// it is cut off next.
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
