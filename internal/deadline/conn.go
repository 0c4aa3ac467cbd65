// Package deadline gives connections whose waiting can be ended from outside.
package deadline

import (
	"net"
	"sync"
	"time"
)

// writeTimeout bounds one write to a peer that does not read.
const writeTimeout = 10 * time.Second

// past is a deadline that is over.
var past = time.Unix(1, 0)

// Conn is a connection whose waiting can be ended from outside. Deadlines are
// set under a lock together with what ends the waiting, so that no goroutine
// can re-arm one and miss that it should stop. Use its methods, not those of
// net.Conn, to set deadlines.
type Conn struct {
	net.Conn

	mu          sync.Mutex    // guards the deadlines and what follows
	interrupted bool          // reading fails at once
	draining    bool          // nothing interrupts any more
	limit       time.Time     // if set, nothing waits beyond
	write       time.Duration // how long one write may wait
}

// NewConn returns a Conn of a connection that nobody else uses.
func NewConn(c net.Conn) *Conn { return &Conn{Conn: c, write: writeTimeout} }

// Interrupt makes reads fail, the one that waits included.
func (c *Conn) Interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.draining {
		return // what ended the session may come to this late
	}
	c.interrupted = true
	_ = c.SetReadDeadline(past)
}

// Bound ends all waiting, for reads and writes, after d.
func (c *Conn) Bound(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limit = time.Now().Add(d)
	_ = c.SetWriteDeadline(c.limit)
	if !c.interrupted {
		_ = c.SetReadDeadline(c.limit)
	}
}

// Hasten lets each write, the one that waits included, wait for no more than d.
func (c *Conn) Hasten(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write = d
	_ = c.SetWriteDeadline(c.deadline(d))
}

// ArmRead lets reads wait for d from now, or without end if d is 0, unless the
// connection was interrupted.
func (c *Conn) ArmRead(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.interrupted {
		_ = c.SetReadDeadline(past)
		return
	}
	_ = c.SetReadDeadline(c.deadline(d))
}

// deadline is d from now, but not beyond the limit. The caller holds c.mu.
func (c *Conn) deadline(d time.Duration) time.Time {
	if d == 0 {
		return c.limit
	}
	deadline := time.Now().Add(d)
	if !c.limit.IsZero() && deadline.After(c.limit) {
		return c.limit
	}
	return deadline
}

// leastWrite is what a write has even if the limit has passed. On a busy machine
// a goroutine may come to its last words late; to a peer that reads they take no
// waiting.
const leastWrite = 20 * time.Millisecond

// Write writes all of p, for at most 10 s or what Hasten has said.
func (c *Conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	deadline := c.deadline(c.write)
	if least := time.Now().Add(leastWrite); deadline.Before(least) {
		deadline = least
	}
	_ = c.SetWriteDeadline(deadline)
	c.mu.Unlock()
	return c.Conn.Write(p)
}

// Drain says that no more will be written, and takes what the peer still sends
// until it closes too, for at most d. To close at once, with bytes unread, would
// reset the connection, and so could take back what was written last.
func (c *Conn) Drain(d time.Duration) {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() != nil {
		return
	}
	c.mu.Lock()
	c.interrupted, c.draining = false, true
	c.mu.Unlock()
	c.ArmRead(d)
	scrap := make([]byte, 4096)
	for {
		if _, err := c.Read(scrap); err != nil {
			return
		}
	}
}
