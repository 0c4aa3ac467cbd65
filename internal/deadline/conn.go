// Package deadline wraps net.Conn, so that another goroutine can end its reads and
// writes.
package deadline

import (
	"errors"
	"net"
	"sync"
	"time"
)

const (
	// writeTimeout bounds the wait of a write for a peer that does not read.
	writeTimeout = 10 * time.Second

	// leastWrite is the time that a write has even after the time of EndWithin,
	// so that a last ERROR can still be sent on a busy machine.
	leastWrite = 20 * time.Millisecond

	// writePiece is how many bytes are written under one deadline, so that a
	// peer that reads slowly has time for any number of bytes.
	writePiece = 32 << 10
)

// past is a deadline that has expired.
var past = time.Unix(1, 0)

// Conn is a connection whose waiting another goroutine can end. A mutex guards all
// deadlines, so that a late ArmRead cannot undo an Interrupt. Use its methods, not
// those of net.Conn, to set deadlines.
type Conn struct {
	net.Conn

	closing  sync.Once
	closeErr error

	mu          sync.Mutex // guards the deadlines and what follows
	interrupted bool       // Interrupt was called
	draining    bool       // Drain was called: Interrupt does nothing
	end         time.Time  // if set, the latest time of a read or write
}

// NewConn returns a Conn of a connection that nobody else uses.
func NewConn(c net.Conn) *Conn { return &Conn{Conn: c} }

// Close closes the connection. It may be called again, and by any goroutine: all
// calls return what the first did.
func (c *Conn) Close() error {
	c.closing.Do(func() { c.closeErr = c.Conn.Close() })
	return c.closeErr
}

// Interrupt makes reads fail, the one that waits included.
func (c *Conn) Interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.draining {
		return // the call may come after Drain has begun
	}
	c.interrupted = true
	_ = c.SetReadDeadline(past)
}

// EndWithin ends all waiting, for reads and writes, after d. An earlier end stays.
func (c *Conn) EndWithin(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	end := time.Now().Add(d)
	if !c.end.IsZero() && c.end.Before(end) {
		return
	}
	c.end = end
	_ = c.SetWriteDeadline(end)
	if !c.interrupted {
		_ = c.SetReadDeadline(end)
	}
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

// deadline is d from now, but not beyond the end. The caller holds c.mu.
func (c *Conn) deadline(d time.Duration) time.Time {
	if d == 0 {
		return c.end
	}
	deadline := time.Now().Add(d)
	if !c.end.IsZero() && deadline.After(c.end) {
		return c.end
	}
	return deadline
}

// Write writes all of p. It fails if the peer takes nothing for 10 s, or when
// EndWithin says so.
func (c *Conn) Write(p []byte) (written int, err error) {
	least := time.Now().Add(leastWrite)
	for written < len(p) {
		final := c.armWrite(least)
		n, err := c.Conn.Write(p[written:min(len(p), written+writePiece)])
		written += n
		var timeout net.Error
		progress := n > 0 && errors.As(err, &timeout) && timeout.Timeout()
		if err != nil && (final || !progress) {
			return written, err
		}
	}
	return written, nil
}

// armWrite bounds the next piece of a write. It tells whether no other piece may
// follow when the time is over.
func (c *Conn) armWrite(least time.Time) (final bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	deadline := c.deadline(writeTimeout)
	final = deadline.Equal(c.end)
	if deadline.Before(least) {
		deadline = least
	}
	_ = c.SetWriteDeadline(deadline)
	return final
}

// Drain says that no more will be written, and takes what the peer still sends
// until it closes too, for at most d. To close with unread input would reset the
// connection, and then the peer may lose the last bytes that were written.
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
