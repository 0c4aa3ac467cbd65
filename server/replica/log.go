package replica

import (
	"context"
	"iter"
)

// Log is a totally ordered log that outlives any one machine. All centrals append
// to it and follow it. Its methods may be called by any goroutine.
type Log interface {
	// Append adds an entry at least once: after an error, or without any answer,
	// the log may hold it all the same, now or later. It returns at once. The
	// channel gets nil when the entry is durable, or an error, or nothing ever.
	// Entries that one goroutine appends are stored in that order, except those
	// that are lost. The log keeps nothing of the entry.
	Append(entry Entry) <-chan error

	// Follow gives the entries after that sequence number in their order, without
	// their bodies, as they come. It ends with ctx. An error ends it too, and says
	// why the log cannot be followed any further, as ErrCorrupted.
	Follow(ctx context.Context, after uint64) iter.Seq2[Sequenced, error]

	// Status asks the leader of the log. It fails if there is none that can be
	// reached, before ctx ends.
	Status(ctx context.Context) (Status, error)

	// SaveCheckpoint replaces the checkpoint that LoadCheckpoint returns. That
	// is nil if there is none.
	SaveCheckpoint(ctx context.Context, checkpoint []byte) error
	LoadCheckpoint(ctx context.Context) ([]byte, error)
}

// Sequenced is an entry with its place in the log. The first has number 1.
type Sequenced struct {
	Sequence uint64
	Entry    Entry
}

// Status is what the leader of the log says of it.
type Status struct {
	Last   uint64 // the sequence number of the last entry
	Leader string // its name
	Behind int    // how many replicas are not up to date
}
