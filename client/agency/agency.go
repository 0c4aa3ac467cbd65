// Package agency implements the agency's side of the protocol. An agency uploads the
// bets of its data file, notifies the central that it has finished, and asks for its
// winners. Or it sends a single bet. After a lost connection it connects again and
// resumes. It gives up when nothing new was acknowledged for Options.RetryDeadline.
package agency

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/deadline"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/retry"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// Dial makes one attempt to connect to the central.
type Dial func(context.Context) (net.Conn, error)

// Options are an agency's settings.
type Options struct {
	// BatchMaxAmount is the maximum number of bets in a batch, up to
	// protocol.MaxBatch; 0 = no limit. A batch also ends when its frame is full.
	BatchMaxAmount int

	// Period is the pause between sending one batch and the next.
	Period time.Duration

	// RetryDeadline is how long to retry without a new acknowledgement. The
	// wait for the draw does not count. 0 = no retry.
	RetryDeadline time.Duration

	// OnProgress, if set, is called about once for each batch of an upload.
	OnProgress func(Progress)
}

// Progress is how much of an upload is done.
type Progress struct {
	Sent    int64 // how many bytes of the data file were read; 0 for a pipe
	Size    int64 // how many bytes the data file has; 0 for a pipe
	Waiting bool  // all bets are stored, and the agency waits for the draw
}

const (
	// replyTimeout is how long the agency waits for a reply, unless it waits for
	// the draw. The central may have to wait for its disk before it replies.
	replyTimeout = 30 * time.Second

	// stopTimeout is how long the agency may still wait for the central after
	// its context has ended.
	stopTimeout = 200 * time.Millisecond
)

// Run uploads the bets of a data file for an agency and returns the documents
// of its winners, in the order of the file. It fails if
//   - the context ends: the error is the context's cause,
//   - the data file is invalid,
//   - the central refuses with a final status,
//   - RetryDeadline passes without a new acknowledgement.
func Run(ctx context.Context, id lottery.AgencyID, file string, dial Dial, options Options) ([]string, error) {
	size, pipe, err := checkDataFile(file)
	if err != nil {
		return nil, dataFileError(file, err)
	}
	u := &upload{id: id, file: file, size: size, pipe: pipe, options: options}
	err = retryLoop(ctx, id, dial, options, u.attempt)
	return u.winners, err
}

// SendBet sends one bet for an agency. It fails as Run does, and also if it cannot
// know whether the bet is stored.
func SendBet(ctx context.Context, bet lottery.Bet, dial Dial, options Options) error {
	if err := bet.Validate(); err != nil {
		return err
	}
	record, err := protocol.AppendRecord(nil, &bet)
	if err != nil {
		return err
	}
	s := &single{bet: bet, record: record}
	return retryLoop(ctx, bet.Agency, dial, options, s.attempt)
}

// lostError is a failure of one connection. An attempt over a new connection may
// succeed.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

func lost(format string, args ...any) error { return &lostError{fmt.Errorf(format, args...)} }

// temporary returns whether a new connection may succeed after this failure.
func temporary(err error) bool {
	if _, refused := errors.AsType[*identity.RefusedError](err); refused {
		return false
	}
	var refusal *protocol.Error
	if errors.As(err, &refusal) {
		return !refusal.Status.Final()
	}
	var l *lostError
	return errors.As(err, &l)
}

// attempt does the whole work over one connection. It resets the loop at each
// progress.
type attempt func(ctx context.Context, c *deadline.Conn, loop *retry.Loop) error

// retryLoop makes attempts, each over a new connection, as retry.Loop does.
func retryLoop(ctx context.Context, id lottery.AgencyID, dial Dial, options Options, try attempt) error {
	loop := retry.NewLoop(options.RetryDeadline, temporary, func(err error) { logRetrying(id, err) })
	return loop.Run(ctx, func(ctx context.Context) error {
		return withConnection(ctx, id, dial, func(ctx context.Context, c *deadline.Conn) error {
			return try(ctx, c, loop)
		})
	})
}
