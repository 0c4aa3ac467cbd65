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

// Backoff gives pauses with exponential backoff and full jitter: each is random
// between nothing and a bound that doubles, so that clients that lost their server
// together do not come back together.
type Backoff struct {
	Least, Most time.Duration // the first bound and the largest one; both are positive

	bound time.Duration // of the next pause; 0 = the first
}

// Next gives the next pause.
func (b *Backoff) Next() time.Duration {
	bound := min(max(b.bound, b.Least), b.Most)
	b.bound = 2 * bound
	return rand.N(bound) + 1
}

// Reset makes the next pause a first one.
func (b *Backoff) Reset() { b.bound = 0 }

const (
	leastPause = 50 * time.Millisecond
	mostPause  = 2 * time.Second
)

// errDeadline ends an attempt when the deadline passes.
var errDeadline = errors.New("the deadline has passed")

// Loop makes attempts until one succeeds or fails for good, or until a deadline
// that counts from the last progress.
type Loop struct {
	deadline time.Duration
	passing  func(error) bool
	failed   func(error)

	mu      sync.Mutex // guards what follows
	backoff Backoff
	timer   *time.Timer   // ends the attempts; nil without a deadline
	running bool          // the timer is
	left    time.Duration // the time left when the timer was last started
	since   time.Time     // when the timer was last started
}

// NewLoop returns a Loop. After a failure err for which passing(err) is true, it
// calls failed(err) and tries again. A deadline of 0 makes the first failure final.
func NewLoop(deadline time.Duration, passing func(error) bool, failed func(error)) *Loop {
	return &Loop{deadline: deadline, passing: passing, failed: failed, backoff: Backoff{Least: leastPause, Most: mostPause}}
}

// Run makes the attempts. The context of an attempt ends when the deadline passes,
// so that the attempt cannot run past it. Run fails with ctx's cause if
// ctx ends, and else with the error of the last attempt.
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
		l.Resume() // if the attempt has left it suspended
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil && last != nil:
			return l.ended(ctx, last) // err only says that the attempt was cut off
		case ctx.Err() != nil:
			return l.ended(ctx, err)
		case l.deadline == 0 || !l.passing(err):
			return err
		}
		last = err
		l.failed(err)
		if Pause(ctx, l.pause()) != nil {
			return l.ended(ctx, err)
		}
	}
}

// ended is the error of Run when its context has ended.
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
	l.running, l.left, l.since = true, l.deadline, time.Now()
	l.timer = time.AfterFunc(l.deadline, expire)
}

func (l *Loop) pause() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.backoff.Next()
}

// Progress notes progress: it restarts the deadline and the backoff.
func (l *Loop) Progress() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.backoff.Reset()
	if l.running && !l.timer.Stop() {
		return // the deadline has passed
	}
	l.left, l.since = l.deadline, time.Now()
	if l.running {
		l.timer.Reset(l.left)
	}
}

// Suspend makes time not count until Resume: nothing is waited for that could make
// progress.
func (l *Loop) Suspend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running && l.timer.Stop() {
		l.running = false
		l.left -= time.Since(l.since)
	}
}

// Resume makes time count again, if it does not.
func (l *Loop) Resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil || l.running {
		return
	}
	l.running, l.since = true, time.Now()
	l.timer.Reset(max(l.left, 0))
}
