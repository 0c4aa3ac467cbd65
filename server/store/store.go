// Package store keeps the bets in bets.csv, in the format of the course's Python. In the
// journal, a second file, it keeps which agencies have finished, and the draw.
//
// Of each agency a Store counts three positions. Bets before the durable one are in
// the file. Bets before the writing one will be there after the current write. Bets
// before the queued one will be there after the next write. Batches of all agencies
// that wait together share one write and one fsync.
//
// It also keeps the winning bets in memory, so the draw does not read the file.
package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
)

// ErrClosed says that the store was closed.
var ErrClosed = errors.New("storage is closed")

// DefaultMaxQueued is how many bytes of rows may wait to be written. One half fills
// while the other half is being written. It is about what five agencies have in
// flight, enough to hide the time of an fsync.
const DefaultMaxQueued = 4 << 20

// State is what is stored of one agency.
type State struct {
	Bets lottery.Offset
	Sum  uint32 // protocol.Checksum of their records
}

// Options are the optional parts of a store; the zero value works.
type Options struct {
	// Sync makes a commit wait until its rows are on disk (fsync), not only
	// until they are written.
	Sync bool
	// Agencies is how many agencies take part, those with the ids 1 to
	// Agencies. Open fails if bets.csv holds bets of an id above Agencies,
	// unless Agencies is 0.
	Agencies int
	// Progress, if set, is called every few seconds while Open reads bets.csv,
	// with the bytes that it has read and the size of the file.
	Progress func(read, size int64)
	// Closed, if set, is called after each file is closed, with the error of
	// closing it.
	Closed func(path string, err error)
	// Written, if set, is called after each write to a file, with the time that the
	// write and its fsync took, and its error. Any goroutine may call it. It must
	// not block.
	Written func(took time.Duration, err error)
	// MaxQueued bounds the bytes of rows that wait to be written; 0 stands for
	// DefaultMaxQueued.
	MaxQueued int
	// FS is the file system; nil stands for OS. Tests use one that fails, and the
	// recorder of the demo one that it can watch.
	FS FS
}

// Store appends bets to bets.csv, and entries to the journal. Any goroutine may call its
// methods. It implements draw.Store.
type Store struct {
	path      string
	room      int // bytes of rows that one group may hold
	torn      int64
	wholeSize int64                        // how many bytes the whole rows have that recover has read
	onClose   func(path string, err error) // Options.Closed
	record    []byte                       // of one bet; reused by recoverBet
	encoded   sync.Pool                    // *encoded

	lastWrite atomic.Pointer[error] // of LastWrite; nil if that succeeded

	writer  chan struct{} // a lock: it is full while a goroutine uses file
	file    *appender
	journal *journal

	mu       sync.Mutex // guards what follows
	agencies map[lottery.AgencyID]*agency
	bets     uint64        // durable
	winners  []draw.Winner // durable, in order
	filling  *group        // takes batches
	writing  *group        // is being written; nil most of the time
	spare    buffers
	failure  error         // if set, every call fails with it: ErrClosed, or wraps ErrBroken
	broken   chan struct{} // closed when the store breaks
	closed   bool
}

// agency holds the state of one agency. durable is in the file. writing will be
// durable after the current write, and queued after the next one.
type agency struct {
	durable, writing, queued State
}

// usable returns nil while the store works. Later it returns the error with which every
// call fails.
func (s *Store) usable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

// breakDown makes every later call fail with err. The caller holds s.mu.
func (s *Store) breakDown(err error) {
	if !errors.Is(s.failure, ErrBroken) { // it may be closing
		s.failure = err
		close(s.broken)
	}
}

// LastWrite returns the error of the last write to a file. It is nil if that write
// succeeded, and before the first one.
func (s *Store) LastWrite() error {
	if err := s.lastWrite.Load(); err != nil {
		return *err
	}
	return nil
}

// noting returns Options.Written for the files: it notes the error for LastWrite and
// calls written.
func (s *Store) noting(written func(took time.Duration, err error)) func(took time.Duration, err error) {
	return func(took time.Duration, err error) {
		if err != nil {
			s.lastWrite.Store(&err)
		} else if s.lastWrite.Load() != nil {
			s.lastWrite.Store(nil)
		}
		if written != nil {
			written(took, err)
		}
	}
}

// Broken is closed when the store breaks. Err returns the reason. The process should
// end after that: the next start reads what the files hold.
func (s *Store) Broken() <-chan struct{} { return s.broken }

// Err returns why the store is broken, an error that wraps ErrBroken. It returns nil if
// the store is not broken.
func (s *Store) Err() error {
	if err := s.usable(); errors.Is(err, ErrBroken) {
		return err
	}
	return nil
}

// Bets returns how many bets of all agencies are durable.
func (s *Store) Bets() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bets
}

// State returns what is durable of an agency.
func (s *Store) State(id lottery.AgencyID) State {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.agencies[id]; a != nil {
		return a.durable
	}
	return State{}
}

// States returns what is durable of each agency that the store knows.
func (s *Store) States() map[lottery.AgencyID]State {
	s.mu.Lock()
	defer s.mu.Unlock()
	states := make(map[lottery.AgencyID]State, len(s.agencies))
	for id, a := range s.agencies {
		states[id] = a.durable
	}
	return states
}

// agency returns the state of an agency, and creates it if needed. The caller holds
// s.mu, unless the store is being opened.
func (s *Store) agency(id lottery.AgencyID) *agency {
	a := s.agencies[id]
	if a == nil {
		a = new(agency)
		s.agencies[id] = a
	}
	return a
}

// Close writes what is queued, syncs and closes the files. A second Close does
// nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	if s.failure == nil {
		s.failure = ErrClosed
	}
	last := s.filling
	s.mu.Unlock()

	s.writer <- struct{}{}
	defer func() { <-s.writer }()
	s.write(last)
	<-last.done
	s.journal.mu.Lock() // waits for an entry that is being written
	defer s.journal.mu.Unlock()
	if broken := s.Err(); broken != nil {
		return errors.Join(broken, s.closeFiles())
	}
	return errors.Join(last.err, s.closeFiles())
}

// closeFiles closes what is open.
func (s *Store) closeFiles() (err error) {
	files := []*appender{s.file}
	if s.journal != nil {
		files = append(files, s.journal.file)
	}
	for _, file := range files {
		closeErr := file.close()
		if s.onClose != nil {
			s.onClose(file.path, closeErr)
		}
		if closeErr != nil {
			err = errors.Join(err, fmt.Errorf("close %s: %w", file.path, closeErr))
		}
	}
	return err
}
