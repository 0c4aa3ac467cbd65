package system

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// interrupted is the cause of a context that a signal cancelled.
type interrupted struct{ signal syscall.Signal }

func (i interrupted) Error() string { return "interrupted by " + i.signal.String() }

// UntilSignal returns a context that ends with the first signal, or when the
// parent dies: "go run", killed, does not pass the signal on. Further signals
// change nothing, for stopping takes a few seconds at most.
func UntilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	parent := os.Getppid()
	tick := time.NewTicker(200 * time.Millisecond)
	go func() {
		defer tick.Stop()
		for {
			select {
			case s := <-signals:
				cancel(interrupted{s.(syscall.Signal)})
				return
			case <-tick.C:
				if os.Getppid() != parent {
					cancel(interrupted{syscall.SIGTERM})
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, func() { cancel(context.Canceled) }
}

// Interrupted tells whether a signal ended the context, and the exit status that
// says so: 128 plus the signal's number.
func Interrupted(ctx context.Context) (status int, yes bool) {
	var i interrupted
	if !errors.As(context.Cause(ctx), &i) {
		return 0, false
	}
	return 128 + int(i.signal), true
}
