// Package echo is the client's echo loop: one connection per message, each
// message read back as it was sent.
package echo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/reason"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/retry"
)

// answerTimeout is how long a server may take for one answer.
const answerTimeout = 10 * time.Second

// maxAnswer bounds what is read of an answer; the protocol's own bound for a
// line is 8,000 bytes.
const maxAnswer = 8 << 10

// errWrongAnswer says that the server is no echo server: trying again is no use.
var errWrongAnswer = errors.New("wrong answer")

// Options are the settings of the loop.
type Options struct {
	Amount        int           // how many messages
	Period        time.Duration // pause between one message and the next
	RetryDeadline time.Duration // how long to try again without an answer; 0 = one attempt only
}

// Run sends the messages of the client with that id, each over a connection of its
// own, and logs each answer. Cancelling ctx stops it: it closes and logs what is
// open and returns nil. An error that it returns is already logged.
//
// If the server is not up yet, or closes the connection early, Run sends the
// message again: to send an echo message twice does no harm. A wrong answer ends
// the loop with an error.
func Run(ctx context.Context, id string, connect func(context.Context) (net.Conn, error), opts Options) error {
	for n := 1; n <= opts.Amount; n++ {
		if n > 1 && retry.Pause(ctx, opts.Period) != nil {
			return nil
		}
		message := fmt.Sprintf("[CLIENT %s] Message N°%d", id, n)
		loop := retry.NewLoop(opts.RetryDeadline, passing, func(err error) { logTryingAgain(id, err) })
		err := loop.Run(ctx, func(attemptCtx context.Context) error {
			conn, err := connect(attemptCtx)
			if err != nil {
				return &connectError{err}
			}
			defer func() { logClosed(id, ctx.Err() != nil, conn.Close()) }()
			return exchange(attemptCtx, conn, message)
		})
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			logFailed(id, err)
			return err
		}
		logReceived(id, message)
	}
	logFinished(id)
	return nil
}

// connectError marks a failed attempt to connect, which is logged as another
// action.
type connectError struct{ err error }

func (e *connectError) Error() string { return e.err.Error() }
func (e *connectError) Unwrap() error { return e.err }

// passing tells whether another attempt may succeed after this failure.
func passing(err error) bool {
	_, refused := errors.AsType[*identity.RefusedError](err)
	return !refused && !errors.Is(err, errWrongAnswer)
}

// exchange sends the message over conn and reads the answer.
func exchange(ctx context.Context, conn net.Conn, message string) error {
	_ = conn.SetDeadline(time.Now().Add(answerTimeout)) // fails only if conn does
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	line := message + "\n"
	if _, err := io.WriteString(conn, line); err != nil {
		return fmt.Errorf("send message: %w", reason.Of(err))
	}
	answer, err := bufio.NewReaderSize(conn, max(maxAnswer, len(line))).ReadSlice('\n')
	switch {
	case !strings.HasPrefix(line, string(answer)): // an incomplete answer is a prefix of line: see the next cases
		return fmt.Errorf("%w: %s", errWrongAnswer, answer)
	case err == io.EOF:
		return fmt.Errorf("receive message: %w", io.ErrUnexpectedEOF)
	case err != nil:
		return fmt.Errorf("receive message: %w", reason.Of(err))
	}
	return nil
}
