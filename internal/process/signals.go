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

// UntilSignal returns a context that ends with the first signal, or when the
// parent process ends, because a killed "go run" does not forward signals.
// Further signals change nothing, for the children stop within seconds.
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

// Interrupted tells whether a signal ended the context of UntilSignal, and with
// which exit status the program then ends: 128 plus the signal's number.
func Interrupted(ctx context.Context) (status int, yes bool) {
	i, yes := errors.AsType[interruption](context.Cause(ctx))
	return 128 + int(i.signal), yes
}
