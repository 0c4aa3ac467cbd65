// Package central says what the server's connections need of the central of the
// lottery: of whoever keeps the bets and holds the draw. It speaks in the lottery's
// terms, and knows nothing of sockets, files or logs. Only the server's main knows
// which implementation is in use.
package central

import (
	"context"
	"errors"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

var (
	// ErrSuperseded says that a newer session speaks for the agency.
	ErrSuperseded = errors.New("a newer connection speaks for this agency")

	// ErrGap says that a batch begins after the last bet known of its agency. A
	// batch that follows a refused batch gets it too: then the refusal is the cause.
	ErrGap = errors.New("bets are missing before this batch")

	// ErrTotal says that the total of an agency is not the number of its stored
	// bets, or is not the total with which it has finished before.
	ErrTotal = errors.New("total does not match")

	// ErrUnavailable says that the central cannot serve the agency now, and that
	// the agency should try again. Nothing has been done.
	ErrUnavailable = errors.New("the central cannot serve the agency now")

	// ErrUnknown says that the central does not know whether something was
	// stored. The agency learns it from the state of its next session.
	ErrUnknown = errors.New("the outcome is unknown")
)

// Central keeps the bets of all agencies and holds the draw. Its methods may be
// called by any goroutine.
type Central interface {
	// Expects tells whether an agency takes part in the lottery.
	Expects(id lottery.AgencyID) bool

	// Claim begins a session that speaks for an agency, and supersedes the
	// session before it. It waits until what that session had queued is stored
	// or refused. order is the number of the connection: the session with the
	// highest number wins, so Claim fails with ErrSuperseded if a newer one has
	// come meanwhile. It fails with ErrUnavailable, or with ctx's cause.
	//
	// The central calls superseded at most once, when a newer session claims the
	// agency, and maybe before Claim returns. superseded must not block.
	Claim(ctx context.Context, id lottery.AgencyID, order uint64, superseded func()) (Session, error)
}

// State is what a central knows of one agency.
type State struct {
	Stored   lottery.Offset // how many of its bets are stored
	Sum      uint32         // protocol.Checksum of their records
	Finished bool           // it has finished
	Drawn    bool           // the draw was held and its results are released
}

// Session speaks for one agency until a newer session supersedes it. After that
// StoreBets, Wait of its commits and Finish may fail with ErrSuperseded: what they
// were about is not stored. One goroutine may call StoreBets while another calls the
// other methods.
type Session interface {
	// State tells what is stored of the agency.
	State() State

	// StoreBets queues a batch whose first bet is number at (from 0) of the
	// agency. It skips what is queued already. It fails with ErrGap, with
	// lottery.ErrInvalidBet, or because the storage has failed. While too much
	// is queued it waits. The bets must be of the agency, and records their
	// records as the protocol encodes them. All may be reused after the return.
	StoreBets(at lottery.Offset, bets []lottery.Bet, records []byte) (Commit, error)

	// Finish notes, durably, that the agency has sent all its bets, of which
	// there are total. To note it again is no error. It fails with ErrTotal, or
	// because the storage has failed. At the first time arrived is told how many
	// agencies are still missing: one call at a time, and before the draw.
	Finish(total lottery.Offset, arrived func(missing int)) error

	// Winners waits for the draw and for the release of its results, and
	// returns the documents of the agency's winners. It fails with ctx's cause
	// if ctx ends first.
	Winners(ctx context.Context) ([]string, error)

	// Release ends the session. All its commits must have been waited for.
	Release()
}

// Commit is the handle of a queued batch.
type Commit interface {
	// Ready tells whether Wait would return at once.
	Ready() bool

	// Wait returns nil when the bets of the batch are durable. It fails when no
	// new bet of the batch is stored, or, with ErrUnknown, when that is not known.
	Wait() error

	// Stored tells how many bets of the batch were new.
	Stored() int

	// End is the position after the batch in the agency's sequence. Once Wait has
	// returned nil, all bets before it are durable.
	End() lottery.Offset
}
