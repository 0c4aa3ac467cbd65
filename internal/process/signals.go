package process

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// interruption is the cause of a context that a signal cancelled.
type interruption struct{ signal syscall.Signal }

func (i interruption) Error() string { return "interrupted by " + i.signal.String() }

// UntilSignal returns a context that ends at the first SIGINT, SIGTERM or SIGHUP. It
// also ends when the parent process ends, because "go run" does not forward a SIGTERM.
// Later signals do nothing: after the first one the children stop within seconds.
func UntilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	parent := os.Getppid()
	go func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			select {
			case s := <-signals:
				cancel(interruption{s.(syscall.Signal)})
			case <-tick.C:
				if os.Getppid() != parent {
					cancel(interruption{syscall.SIGTERM})
				}
			case <-ctx.Done():
			}
		}
	}()
	return ctx, func() { cancel(context.Canceled) }
}

// Interrupted returns whether a signal ended the context of UntilSignal. If so, it also
// returns the exit status for the program: 128 plus the number of the signal.
func Interrupted(ctx context.Context) (status int, yes bool) {
	i, yes := errors.AsType[interruption](context.Cause(ctx))
	return 128 + int(i.signal), yes
}
