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

	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/dial"
)

// answerTimeout is how long a server may take for one answer.
const answerTimeout = 10 * time.Second

// maxAnswer bounds what is read of an answer; the protocol's own bound for a
// line is 8,000 bytes.
const maxAnswer = 8 << 10

// errWrongAnswer says that the server is no echo server: trying again is no use.
var errWrongAnswer = errors.New("wrong answer")

// Options says what the loop does beyond its required arguments.
type Options struct {
	Amount        int           // how many messages
	Period        time.Duration // pause between one message and the next
	RetryDeadline time.Duration // how long to try again without an answer; 0 = once
	Dialer        dial.Dialer   // its zero value and the address do
}

// Run sends the messages of the client with that id to address and logs each
// answer. Cancelling ctx stops it: it closes and logs what is open and returns
// nil. An error that it returns is already logged.
//
// A server that is starting, or that goes away in the middle of a message, is
// waited for; the message is sent again, an echo leaves no trace. An answer
// that is not the message ends the loop.
func Run(ctx context.Context, id, address string, opts Options) error {
	l := loop{id: id, retry: opts.RetryDeadline, dialer: opts.Dialer}
	l.dialer.Address = address
	l.dialer.Waiting = func(err error) { logConnecting(id, err) }
	for n := 1; n <= opts.Amount; n++ {
		if n > 1 && !pause(ctx, opts.Period) {
			return nil
		}
		message := fmt.Sprintf("[CLIENT %s] Message N°%d", id, n)
		if err := l.deliver(ctx, message); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			logFailed(id, err)
			return err
		}
		logReceived(id, message)
	}
	logFinished(id)
	return nil
}

// pause waits and tells whether to go on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

type loop struct {
	id     string
	retry  time.Duration
	dialer dial.Dialer
}

// deliver sends the message until it comes back.
func (l *loop) deliver(ctx context.Context, message string) error {
	until := time.Now().Add(l.retry)
	var backoff dial.Backoff
	for {
		conn, err := l.dialer.Dial(ctx, until)
		if err != nil {
			return err
		}
		err = l.exchange(ctx, conn, message)
		if err == nil || errors.Is(err, errWrongAnswer) || !backoff.Pause(ctx, until) {
			return err
		}
		logLost(l.id, err)
	}
}

// exchange sends the message over conn, reads the answer and closes conn.
func (l *loop) exchange(ctx context.Context, conn net.Conn, message string) error {
	defer func() { logClosed(l.id, ctx.Err() != nil, conn.Close()) }()
	_ = conn.SetDeadline(time.Now().Add(answerTimeout)) // fails only if conn does
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	line := message + "\n"
	if _, err := io.WriteString(conn, line); err != nil {
		return fmt.Errorf("send message: %w", err)
	}
	answer, err := bufio.NewReaderSize(conn, max(maxAnswer, len(line))).ReadSlice('\n')
	switch {
	case !strings.HasPrefix(line, string(answer)): // also what was cut short
		return fmt.Errorf("%w: %s", errWrongAnswer, answer)
	case err == io.EOF:
		return fmt.Errorf("receive message: %w", io.ErrUnexpectedEOF)
	case err != nil:
		return fmt.Errorf("receive message: %w", err)
	}
	return nil
}
