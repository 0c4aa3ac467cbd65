// Package central is the interface between the server's connections and the central
// of the lottery, which keeps the bets and holds the draw. It uses the lottery's
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

	// ErrGap says that a batch begins after the last bet known of its agency. After
	// a batch has failed, the batches that follow it fail with ErrGap.
	ErrGap = errors.New("bets are missing before this batch")

	// ErrTotal says that the total of an agency is not the number of its stored
	// bets, or is not the total with which it has finished before.
	ErrTotal = errors.New("total does not match")

	// ErrUnavailable says that the central cannot serve the agency now. The agency
	// should try again. Nothing has changed.
	ErrUnavailable = errors.New("the central cannot serve the agency now")

	// ErrUnknown says that the central does not know whether something was
	// stored. The agency learns it from the state of its next session.
	ErrUnknown = errors.New("the outcome is unknown")
)

// Central keeps the bets of all agencies and holds the draw. Its methods may be
// called by any goroutine.
type Central interface {
	// Expects returns whether an agency takes part in the lottery.
	Expects(id lottery.AgencyID) bool

	// Claim begins a session that speaks for an agency, and supersedes the older
	// session. It waits until the bets that the older session has queued are stored
	// or have failed. number is that of the connection: the newest has the
	// highest. Claim fails with ErrSuperseded if a newer session speaks for the
	// agency already, with ErrUnavailable, and with ctx's cause.
	//
	// The central calls superseded when a newer session claims the agency. It
	// does so at most once, and maybe before Claim returns. superseded must not
	// block.
	Claim(ctx context.Context, id lottery.AgencyID, number uint64, superseded func()) (Session, error)
}

// State is what a central knows of one agency.
type State struct {
	Stored   lottery.Offset // how many of its bets are stored
	Sum      uint32         // protocol.Checksum of their records
	Finished bool           // it has finished
	Drawn    bool           // the draw was held and its results are released
}

// Session speaks for one agency until a newer session supersedes it. After that,
// StoreBets, Finish and the Wait of its commits may fail with ErrSuperseded: then
// nothing new is stored. One goroutine may call StoreBets while another calls the
// other methods.
type Session interface {
	// State returns what is stored of the agency.
	State() State

	// StoreBets queues a batch. at is the offset of its first bet. StoreBets skips
	// bets that are queued already. It fails with ErrGap, with
	// lottery.ErrInvalidBet, or because the storage has failed. While too much
	// is queued it waits. The bets must be of the agency. records are their records
	// as the protocol encodes them. The caller may reuse both after the return.
	StoreBets(at lottery.Offset, bets []lottery.Bet, records []byte) (Commit, error)

	// Finish notes, durably, that the agency has sent all its bets, of which
	// there are total. Finish succeeds again for the same total. It fails with
	// ErrTotal, with ErrUnknown, or because the storage has failed. When an agency
	// finishes for the first time, Finish calls arrived with the number of agencies
	// that are still missing. These calls do not overlap, and come before the draw.
	Finish(total lottery.Offset, arrived func(missing int)) error

	// Winners waits for the draw and for the release of its results, and
	// returns the documents of the agency's winners. It fails with ctx's cause
	// if ctx ends first, and with ErrSuperseded or ErrUnknown if the session does.
	Winners(ctx context.Context) ([]string, error)

	// Release ends the session. All its commits must have been waited for.
	Release()
}

// Commit is the handle of a queued batch.
type Commit interface {
	// Ready returns whether Wait would return at once.
	Ready() bool

	// Wait returns nil when the bets of the batch are durable. It fails with
	// ErrUnknown if it is not known whether they are stored. After any other
	// error no new bet of the batch is stored.
	Wait() error

	// Fresh returns how many bets of the batch were new. The others were queued before.
	Fresh() int

	// End returns the offset after the last bet of the batch. After Wait has
	// returned nil, all bets before that offset are durable.
	End() lottery.Offset
}
