// Package echo is the client's echo loop. It sends each message over a connection of its
// own, and checks that the server sends it back.
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

// answerTimeout is how long the client waits for one answer.
const answerTimeout = 10 * time.Second

// maxAnswer is how many bytes of an answer are read. The protocol limits a line to
// 8,000 bytes.
const maxAnswer = 8 << 10

// errWrongAnswer means that the server is no echo server. It is final.
var errWrongAnswer = errors.New("wrong answer")

// Options are the settings of the loop.
type Options struct {
	Amount        int           // how many messages
	Period        time.Duration // pause between one message and the next
	RetryDeadline time.Duration // how long to try again without an answer; 0 = one attempt only
}

// Run sends the messages of the client with that id, and logs each answer. When ctx
// ends, it closes and logs what is open, and returns nil. It has logged the error that
// it returns.
//
// If a connection fails, Run sends the message again over a new one, until
// RetryDeadline. An echo message may be sent twice. A wrong answer is final.
func Run(ctx context.Context, id string, dial func(context.Context) (net.Conn, error), options Options) error {
	for n := 1; n <= options.Amount; n++ {
		if n > 1 && retry.Pause(ctx, options.Period) != nil {
			return nil
		}
		message := fmt.Sprintf("[CLIENT %s] Message N°%d", id, n)
		loop := retry.NewLoop(options.RetryDeadline, temporary, func(err error) { logTryingAgain(id, err) })
		err := loop.Run(ctx, func(attemptCtx context.Context) error {
			conn, err := dial(attemptCtx)
			if err != nil {
				return &dialError{err}
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

// dialError marks a failed attempt to connect. It is logged with another action.
type dialError struct{ err error }

func (e *dialError) Error() string { return e.err.Error() }
func (e *dialError) Unwrap() error { return e.err }

// temporary returns whether another attempt may succeed after this failure.
func temporary(err error) bool {
	_, refused := errors.AsType[*identity.RefusedError](err)
	return !refused && !errors.Is(err, errWrongAnswer)
}

// exchange sends the message over conn and checks the answer.
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
	case !strings.HasPrefix(line, string(answer)): // a part of the line is no wrong answer: see the next cases
		return fmt.Errorf("%w: %s", errWrongAnswer, answer)
	case err == io.EOF:
		return fmt.Errorf("receive message: %w", io.ErrUnexpectedEOF)
	case err != nil:
		return fmt.Errorf("receive message: %w", reason.Of(err))
	}
	return nil
}
