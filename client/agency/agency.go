// Package agency is what an agency does: it uploads the bets of its data file,
// notifies the central that it has finished and learns its winners; or it
// sends a single bet. It reconnects and resumes as often as it takes.
package agency

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/dial"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/deadline"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// Dial makes one attempt to connect to the central.
type Dial func(context.Context) (net.Conn, error)

// Options are an agency's settings; zero values mean the defaults.
type Options struct {
	// BatchMaxAmount is the number of bets that closes a batch, from 1 to
	// protocol.MaxBatch; default 100. A full frame closes it earlier.
	BatchMaxAmount int

	// Period is the pause between sending one batch and the next; default
	// none.
	Period time.Duration

	// RetryDeadline is how long to go on trying without anything newly
	// acknowledged, time spent waiting for the draw not counted; default
	// 1 min. If it is negative, the first loss is final.
	RetryDeadline time.Duration

	// Progress, if set, is told from time to time how many bytes of the
	// data file were sent, of how many.
	Progress func(sent, size int64)
}

const (
	defaultBatchMaxAmount = 100
	defaultRetryDeadline  = time.Minute

	// replyTimeout bounds the wait for any reply but the draw's results.
	// WELCOME may have to wait for the disk.
	replyTimeout = 30 * time.Second

	// stopTimeout bounds what still waits for the central once the agency is
	// told to stop.
	stopTimeout = 200 * time.Millisecond
)

func (o Options) withDefaults() Options {
	if o.BatchMaxAmount == 0 {
		o.BatchMaxAmount = defaultBatchMaxAmount
	}
	if o.RetryDeadline == 0 {
		o.RetryDeadline = defaultRetryDeadline
	}
	return o
}

// Run uploads the bets of a data file for an agency and returns the documents
// of its winners, in the order of the file. It fails if the context ends, with
// its cause; if the data file or the central says something that is final; and
// if nothing was newly acknowledged for the retry deadline.
func Run(ctx context.Context, id uint32, file string, connect Dial, options Options) ([]string, error) {
	u := &upload{id: id, file: file, options: options.withDefaults()}
	err := retry(ctx, id, connect, u.options, u.attempt)
	return u.winners, err
}

// SendBet sends one bet for an agency. It fails as Run does.
func SendBet(ctx context.Context, id uint32, bet protocol.Bet, connect Dial, options Options) error {
	s := &single{id: id, bet: bet}
	return retry(ctx, id, connect, options.withDefaults(), s.attempt)
}

// lostError is a failure of one connection; another may do.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

func lost(format string, args ...any) error { return &lostError{fmt.Errorf(format, args...)} }

// passing tells whether a new connection may mend the failure.
func passing(err error) bool {
	var refusal *protocol.Error
	if errors.As(err, &refusal) {
		return !refusal.Status.Final()
	}
	var l *lostError
	return errors.As(err, &l)
}

// attempt does all there is to do over one connection. It tells the patience
// what it achieves.
type attempt func(ctx context.Context, c *deadline.Conn, p *patience) error

// patience tells when to give up and how long to pause before that.
type patience struct {
	last    time.Time // when anything was newly acknowledged
	backoff dial.Backoff
}

// progress notes that the central acknowledged something new.
func (p *patience) progress() {
	p.last = time.Now()
	p.backoff.Reset()
}

// excuse leaves time that was spent waiting for the draw out of the count.
func (p *patience) excuse(d time.Duration) { p.last = p.last.Add(d) }

// retry makes attempts, each over a new connection and after a growing pause,
// until one succeeds or fails for good.
func retry(ctx context.Context, id uint32, connect Dial, options Options, try attempt) error {
	p := &patience{last: time.Now()}
	for {
		err := connected(ctx, id, connect, func(ctx context.Context, c *deadline.Conn) error {
			return try(ctx, c, p)
		})
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !passing(err):
			return err
		}
		logRetrying(id, err)
		if p.backoff.Pause(ctx, p.last.Add(options.RetryDeadline)) {
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if options.RetryDeadline < 0 {
			return err
		}
		return fmt.Errorf("no progress for %v: %w", options.RetryDeadline, err)
	}
}

// connected does something over a new connection, which it closes.
func connected(ctx context.Context, id uint32, connect Dial, do func(context.Context, *deadline.Conn) error) error {
	socket, err := connect(ctx)
	if err != nil {
		return lost("connect: %w", err)
	}
	c := deadline.NewConn(socket)
	stop := context.AfterFunc(ctx, func() {
		c.Interrupt()
		c.Bound(stopTimeout)
	})
	defer stop()
	err = do(ctx, c)
	logClosed("connection", "address", socket.RemoteAddr().String(), id, c.Close())
	return err
}

// greet says who the agency is and returns what the central has of it.
func greet(c *deadline.Conn, frames *protocol.Reader, id uint32) (protocol.Welcome, error) {
	var welcome protocol.Welcome
	if err := send(c, &protocol.Hello{Version: protocol.Version, Agency: id}); err != nil {
		return welcome, err
	}
	c.ArmRead(replyTimeout)
	return welcome, receive(frames, &welcome)
}

// send writes one message.
func send(c *deadline.Conn, m protocol.Message) error {
	frame, err := protocol.AppendFrame(nil, m)
	if err != nil {
		return err
	}
	if _, err := c.Write(frame); err != nil {
		return lost("send %v: %w", m.Type(), err)
	}
	return nil
}

// receive reads the next frame, which must be of the message's type; if it is
// an ERROR, that is what fails.
func receive(frames *protocol.Reader, m protocol.Message) error {
	kind, payload, err := nextFrame(frames)
	switch {
	case err != nil:
		return err
	case kind != m.Type():
		return fmt.Errorf("the central sent %v where %v is due", kind, m.Type())
	}
	return m.Decode(payload)
}

// nextFrame reads the next frame and makes an ERROR what fails.
func nextFrame(frames *protocol.Reader) (protocol.Type, []byte, error) {
	kind, payload, err := frames.Next()
	switch {
	case errors.Is(err, protocol.ErrMalformed):
		return 0, nil, err
	case err != nil:
		return 0, nil, lost("read a reply: %w", err)
	case kind == protocol.TypeError:
		refusal := new(protocol.Error)
		if err := refusal.Decode(payload); err != nil {
			return 0, nil, err
		}
		return 0, nil, refusal
	}
	return kind, payload, nil
}
