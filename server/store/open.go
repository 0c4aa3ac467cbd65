package store

import (
	"context"
	"sync"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// Open opens bets.csv and its journal, path.journal, or creates them, and counts
// what they hold. A crash can leave a part of a row, a part of a line or NULs at the
// end of a file. Open moves these bytes to path.torn or path.journal.torn. It fails
// for any other damage, and names the row or the line. It also fails if the journal does
// not fit the bets, and with ctx's cause if ctx ends first. It does not change files that
// it refuses. It may leave an empty bets.csv if there was none.
func Open(ctx context.Context, path string, opts Options) (*Store, error) {
	if opts.MaxQueued <= 0 {
		opts.MaxQueued = DefaultMaxQueued
	}
	s := &Store{
		path:     path,
		room:     opts.MaxQueued / 2, // one group fills while another is written
		encoded:  sync.Pool{New: func() any { return new(encoded) }},
		writer:   make(chan struct{}, 1),
		onClose:  opts.Closed,
		agencies: make(map[lottery.AgencyID]*agency),
		broken:   make(chan struct{}),
	}
	s.filling = newGroup(buffers{}, s.room)
	opts.Written = s.noting(opts.Written)
	var err error
	if s.file, err = openAppender(path, opts); err != nil {
		return nil, err
	}
	if err := s.open(ctx, opts); err != nil {
		_ = s.closeFiles() // the other error says more
		return nil, err
	}
	return s, nil
}

// open reads both files and compares them. After that it cuts off what a crash left
// unfinished. So a start that fails changes nothing. openJournal may create a file, so it
// comes after all that can be said of bets.csv alone.
func (s *Store) open(ctx context.Context, opts Options) (err error) {
	if err := s.recover(ctx, opts.Progress); err != nil {
		return err
	}
	if err := s.verifyAgencies(opts.Agencies); err != nil {
		return err
	}
	if s.journal, err = openJournal(s.path+".journal", opts); err != nil {
		return err
	}
	if err := s.journal.recover(); err != nil {
		return err
	}
	if err := s.verifyJournal(opts.Agencies); err != nil {
		return err
	}
	if s.torn, err = s.file.cutTornEnd(s.wholeSize); err != nil {
		return err
	}
	return s.journal.repair()
}

// TornEnd is what Open cut off the end of a file.
type TornEnd struct {
	Bytes int64
	Kept  string // the file to which they were appended
}

// TornEnds returns what Open cut off the ends of the files.
func (s *Store) TornEnds() (torn []TornEnd) {
	if s.torn > 0 {
		torn = append(torn, TornEnd{s.torn, s.path + ".torn"})
	}
	if s.journal.torn > 0 {
		torn = append(torn, TornEnd{s.journal.torn, s.journal.path + ".torn"})
	}
	return torn
}
