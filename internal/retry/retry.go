// Package retry repeats an operation, with pauses, until it succeeds or a deadline
// passes.
package retry

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Pause waits for d. It fails with ctx's cause if ctx ends first.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Backoff computes pauses with exponential backoff and full jitter: each pause is
// random, up to a limit. The limit doubles with each pause. Clients that lost
// their server at the same time therefore reconnect at different times.
type Backoff struct {
	Least, Most time.Duration // the first limit and the largest one; both are positive

	limit time.Duration // of the next pause; 0 = Least
}

// Next returns the next pause. It is positive.
func (b *Backoff) Next() time.Duration {
	limit := min(max(b.limit, b.Least), b.Most)
	b.limit = 2 * limit
	return rand.N(limit) + 1
}

// Reset sets the limit of the next pause to Least.
func (b *Backoff) Reset() { b.limit = 0 }

const (
	leastPause = 50 * time.Millisecond
	mostPause  = 2 * time.Second
)

// errDeadline is the cause of an attempt's context when the deadline has passed.
var errDeadline = errors.New("the deadline has passed")

// Loop makes attempts until one succeeds, one fails with a final error, or the deadline
// passes. A timer counts down to the deadline. While an attempt runs, any goroutine
// may control the timer:
//
//	Reset    the timer starts again from the whole deadline
//	Suspend  the timer stops
//	Resume   the timer goes on from the time that was left
//
// These three do nothing without a deadline, or after the deadline has passed.
type Loop struct {
	deadline  time.Duration
	temporary func(error) bool
	onFailure func(error)

	mu      sync.Mutex // guards what follows
	backoff Backoff
	timer   *time.Timer   // ends the attempts; nil without a deadline
	running bool          // the timer runs: it is not suspended
	left    time.Duration // the time left when the timer was last started
	started time.Time     // when the timer was last started
}

// NewLoop returns a Loop. If an attempt fails with an error for which temporary
// returns true, the Loop passes the error to onFailure, pauses and makes another
// attempt. Any other error is final. If the deadline is 0, every error is final.
func NewLoop(deadline time.Duration, temporary func(error) bool, onFailure func(error)) *Loop {
	return &Loop{deadline: deadline, temporary: temporary, onFailure: onFailure, backoff: Backoff{Least: leastPause, Most: mostPause}}
}

// Run makes the attempts, one after another. It starts the timer, and resumes it after
// each attempt. The context of an attempt ends when the deadline passes. Run returns
//   - nil after an attempt that succeeded,
//   - a final error of an attempt,
//   - the cause of ctx, if ctx ends,
//   - after the deadline, an error that wraps the last error of an attempt.
func (l *Loop) Run(ctx context.Context, try func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if l.deadline > 0 {
		l.start(func() { cancel(errDeadline) })
		defer l.Suspend()
	}
	var last error
	for {
		err := try(ctx)
		l.Resume() // the attempt may have suspended the timer
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil && last != nil:
			return l.ended(ctx, last) // err only says that the context ended
		case ctx.Err() != nil:
			return l.ended(ctx, err)
		case l.deadline == 0 || !l.temporary(err):
			return err
		}
		last = err
		l.onFailure(err)
		if Pause(ctx, l.pause()) != nil {
			return l.ended(ctx, err)
		}
	}
}

// ended returns the error of Run after the context of the attempts has ended. last is
// the error of an attempt.
func (l *Loop) ended(ctx context.Context, last error) error {
	cause := context.Cause(ctx)
	switch {
	case !errors.Is(cause, errDeadline):
		return cause
	case errors.Is(last, errDeadline):
		return fmt.Errorf("no progress for %v", l.deadline)
	}
	return fmt.Errorf("no progress for %v: %w", l.deadline, last)
}

func (l *Loop) start(expire func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running, l.left, l.started = true, l.deadline, time.Now()
	l.timer = time.AfterFunc(l.deadline, expire)
}

func (l *Loop) pause() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.backoff.Next()
}

// Reset starts the timer again from the whole deadline, and the pauses from the
// first one. Call it after progress. The timer of a suspended Loop stays stopped.
func (l *Loop) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.backoff.Reset()
	if l.running && !l.timer.Stop() {
		return // the deadline has passed
	}
	l.left, l.started = l.deadline, time.Now()
	if l.running {
		l.timer.Reset(l.left)
	}
}

// Suspend stops the timer until Resume. Call it before a wait that is not limited
// by the deadline.
func (l *Loop) Suspend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running && l.timer.Stop() {
		l.running = false
		l.left -= time.Since(l.started)
	}
}

// Resume lets a suspended timer go on. It does nothing if the timer runs.
func (l *Loop) Resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil || l.running {
		return
	}
	l.running, l.started = true, time.Now()
	l.timer.Reset(max(l.left, 0))
}
