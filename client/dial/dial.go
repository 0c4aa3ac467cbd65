// Package dial connects to a server that may be starting, restarting or busy:
// it tries again, with pauses that grow and are random, until a deadline.
package dial

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"time"
)

// Defaults of Backoff and Dialer.
const (
	DefaultLeast   = 50 * time.Millisecond
	DefaultMost    = 2 * time.Second
	DefaultTimeout = 5 * time.Second
)

// Backoff paces attempts with exponential backoff and full jitter: each pause
// is random between nothing and a bound that doubles, so that clients that lost
// their server together do not come back together.
type Backoff struct {
	Least time.Duration // bound of the first pause; 0 = DefaultLeast
	Most  time.Duration // bound of every pause; 0 = DefaultMost

	bound time.Duration // of the next pause; 0 = the first
}

// Pause waits before the next attempt, at most up to until. It returns false
// when no attempt should follow: until has passed, or ctx is done.
func (b *Backoff) Pause(ctx context.Context, until time.Time) bool {
	left := time.Until(until)
	if left <= 0 || ctx.Err() != nil {
		return false
	}
	timer := time.NewTimer(min(b.next(), left))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Reset makes the next pause a first one: the last attempt made progress.
func (b *Backoff) Reset() { b.bound = 0 }

func (b *Backoff) next() time.Duration {
	least, most := orDefault(b.Least, DefaultLeast), orDefault(b.Most, DefaultMost)
	bound := min(max(b.bound, least), most)
	b.bound = 2 * bound
	return rand.N(bound) + 1
}

// Dialer opens TCP connections to one address.
type Dialer struct {
	Address string
	Timeout time.Duration   // of one attempt; 0 = DefaultTimeout
	Waiting func(err error) // called after each failed attempt that another follows; may be nil

	// Connect makes one attempt; nil = net.Dialer's DialContext.
	Connect func(ctx context.Context, network, address string) (net.Conn, error)
}

// Dial tries until it has a connection. It gives up when ctx is done, and then
// returns ctx's error, or after the first failed attempt that ends after until,
// and then returns why that failed; so there is one attempt even if until has
// passed.
func (d *Dialer) Dial(ctx context.Context, until time.Time) (net.Conn, error) {
	var backoff Backoff
	for {
		conn, err := d.attempt(ctx)
		if err == nil {
			return conn, nil
		}
		if ctx.Err() == nil && d.Waiting != nil && time.Now().Before(until) {
			d.Waiting(err)
		}
		if !backoff.Pause(ctx, until) {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, fmt.Errorf("connect to %s: %w", d.Address, err)
		}
	}
}

func (d *Dialer) attempt(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, orDefault(d.Timeout, DefaultTimeout))
	defer cancel()
	connect := d.Connect
	if connect == nil {
		connect = new(net.Dialer).DialContext
	}
	return connect(ctx, "tcp", d.Address)
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}
