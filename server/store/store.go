// Package store keeps the bets: bets.csv, in the very format of the course's
// Python, and beside it the journal of what must survive a restart.
//
// A Store has two positions. Rows up to the durable one are in the file for
// good; rows up to the queued one wait in memory for the next write. Batches of
// all agencies that wait together share one write and one fsync.
//
// It keeps the few that have won in memory too, so that the draw needs not read
// the file again.
package store

import (
	"errors"
	"strings"
	"sync"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
)

var (
	// ErrGap says that a batch begins after the last bet known of its agency.
	// It also meets a batch that follows on one that was refused meanwhile: of
	// several failures of a session, the first is the cause.
	ErrGap = errors.New("bets are missing before this batch")

	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("storage is closed")
)

// DefaultMaxQueued is how many bytes of rows may wait to be written, half of
// them while the other half is being written. It is about what five agencies may
// have in flight, and hides the time that an fsync takes.
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
	// MaxQueued bounds the bytes of rows that wait to be written; 0 stands for
	// DefaultMaxQueued.
	MaxQueued int
	// FS replaces the operating system's files in tests.
	FS FS
}

// Store appends bets to bets.csv. All methods may be called by any goroutine.
type Store struct {
	path    string
	room    int // bytes of rows that one group may hold
	torn    int64
	record  []byte    // of one bet, while the file is read
	encoded sync.Pool // *encoded

	writer chan struct{} // full while somebody writes: only the writer touches file
	file   *appender

	mu       sync.Mutex
	agencies map[lottery.AgencyID]*agency
	bets     uint64        // durable
	winners  []draw.Winner // durable, in order
	filling  *group        // takes batches
	writing  *group        // is being written; nil most of the time
	spare    buffers
	refusal  error // ErrBroken or ErrClosed, for all that follows
	closed   bool
}

// agency holds what is known of one agency: what is durable, what will be once
// the group being written is, and what once the group being filled is.
type agency struct {
	durable, writing, queued State
}

// Open opens bets.csv, or creates it, and counts what it holds. A row at its
// end that a crash left unfinished, or NULs, it moves to path.torn. Whatever
// else is not a row of bets.csv is an error that names the row, and leaves the
// file as it was.
func Open(path string, opts Options) (*Store, error) {
	file, err := openAppender(path, opts)
	if err != nil {
		return nil, err
	}
	if opts.MaxQueued <= 0 {
		opts.MaxQueued = DefaultMaxQueued
	}
	s := &Store{
		path:     path,
		room:     opts.MaxQueued / 2, // one group fills while another is written
		encoded:  sync.Pool{New: func() any { return new(encoded) }},
		writer:   make(chan struct{}, 1),
		file:     file,
		agencies: make(map[lottery.AgencyID]*agency),
	}
	s.filling = newGroup(buffers{}, s.room)
	if err := s.recover(); err != nil {
		return nil, errors.Join(err, file.file.Close())
	}
	return s, nil
}

// Torn tells how many bytes of an unfinished row Open cut off.
func (s *Store) Torn() int64 { return s.torn }

// Bets tells how many bets of all agencies are durable.
func (s *Store) Bets() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bets
}

// Winners tells which durable bets have won, in the order of storage, and how
// many bets are durable. The slice is not to be changed.
func (s *Store) Winners() (won []draw.Winner, stored uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.winners, s.bets
}

// appendWinner appends a bet to dst if it has won. It copies what it keeps: the
// bet's texts are parts of something larger, which may be reused.
func appendWinner(dst []draw.Winner, bet *lottery.Bet) []draw.Winner {
	if !lottery.HasWon(bet) {
		return dst
	}
	return append(dst, draw.Winner{Agency: bet.Agency, Document: strings.Clone(bet.Document)})
}

// State tells what is durable of an agency.
func (s *Store) State(id lottery.AgencyID) State {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.agencies[id]; a != nil {
		return a.durable
	}
	return State{}
}

// agency finds, or begins, what is known of an agency. Under s.mu.
func (s *Store) agency(id lottery.AgencyID) *agency {
	a := s.agencies[id]
	if a == nil {
		a = new(agency)
		s.agencies[id] = a
	}
	return a
}

// Close writes what is queued, syncs and closes the file. It is no error to
// close twice.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	broken := s.refusal
	if broken == nil {
		s.refusal = ErrClosed
	}
	last := s.filling
	s.mu.Unlock()

	s.writer <- struct{}{}
	defer func() { <-s.writer }()
	s.write(last)
	<-last.done
	return errors.Join(broken, last.err, s.file.close())
}
