// Package agency is what an agency does: it uploads the bets of its data file,
// notifies the central that it has finished and learns its winners; or it
// sends a single bet. It reconnects and resumes until nothing was acknowledged for a
// while.
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
	// BatchMaxAmount is the most bets in one batch, up to protocol.MaxBatch;
	// 0 = no limit. A batch also ends when its frame is full.
	BatchMaxAmount int

	// Period is the pause between sending one batch and the next.
	Period time.Duration

	// RetryDeadline is how long to retry without a new acknowledgement. Time
	// spent waiting for the draw does not count. 0 = no retry.
	RetryDeadline time.Duration

	// Progress, if set, is called from time to time while the upload runs.
	Progress func(Progress)
}

// Progress tells how far an upload is.
type Progress struct {
	Sent, Size int64 // bytes of the data file that were read, of how many; of a pipe, 0
	Waiting    bool  // all is stored: the agency waits for the draw
}

const (
	// replyTimeout bounds the wait for any reply but the draw's results.
	// WELCOME may have to wait for the disk.
	replyTimeout = 30 * time.Second

	// stopTimeout bounds what still waits for the central once the agency is
	// told to stop.
	stopTimeout = 200 * time.Millisecond
)

// Run uploads the bets of a data file for an agency and returns the documents
// of its winners, in the order of the file. It returns an error when:
//   - the context ends: the error is the context's cause,
//   - the data file is invalid, or the central refuses for good,
//   - RetryDeadline passes without a new acknowledgement.
func Run(ctx context.Context, id lottery.AgencyID, file string, connect Dial, options Options) ([]string, error) {
	size, pipe, err := checkDataFile(file)
	if err != nil {
		return nil, dataFileError(file, err)
	}
	u := &upload{id: id, file: file, size: size, pipe: pipe, options: options}
	err = retryLoop(ctx, id, connect, options, u.attempt)
	return u.winners, err
}

// SendBet sends one bet for an agency. It fails as Run does. It also fails if it
// cannot know whether the bet is stored.
func SendBet(ctx context.Context, bet lottery.Bet, connect Dial, options Options) error {
	if err := bet.Validate(); err != nil {
		return err
	}
	record, err := protocol.AppendRecord(nil, &bet)
	if err != nil {
		return err
	}
	s := &single{bet: bet, record: record}
	return retryLoop(ctx, bet.Agency, connect, options, s.attempt)
}

// lostError is a failure of one connection. A new connection may succeed.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

func lost(format string, args ...any) error { return &lostError{fmt.Errorf(format, args...)} }

// passing tells whether a new connection may succeed after this failure.
func passing(err error) bool {
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

// attempt does all there is to do over one connection. It tells the loop what
// progress it makes.
type attempt func(ctx context.Context, c *deadline.Conn, loop *retry.Loop) error

// retryLoop makes attempts, each over a new connection, until one succeeds or
// fails for good.
func retryLoop(ctx context.Context, id lottery.AgencyID, connect Dial, options Options, try attempt) error {
	loop := retry.NewLoop(options.RetryDeadline, passing, func(err error) { logRetrying(id, err) })
	return loop.Run(ctx, func(ctx context.Context) error {
		return connected(ctx, id, connect, func(ctx context.Context, c *deadline.Conn) error {
			return try(ctx, c, loop)
		})
	})
}
