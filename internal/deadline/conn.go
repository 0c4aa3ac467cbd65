// Package deadline wraps a net.Conn. Another goroutine can end the reads and writes
// of the wrapped connection.
package deadline

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

const (
	// writeTimeout is how long a write waits for a peer that reads nothing.
	writeTimeout = 10 * time.Second

	// leastWrite is the time that every write has, also after the end that
	// EndWithin set. On a busy machine a last ERROR needs that time.
	leastWrite = 20 * time.Millisecond

	// writePiece is how many bytes are written under one deadline. Each piece
	// has a deadline of its own, because the peer may read slowly.
	writePiece = 32 << 10

	// dropPiece is how many bytes Drain reads at once.
	dropPiece = 4 << 10
)

// past is a deadline that has expired.
var past = time.Unix(1, 0)

// Conn is a connection with these limits on its reads and writes:
//
//	Write      fails if the peer reads nothing for 10 s
//	ArmRead    sets the time limit of the next reads
//	Interrupt  ends all reads now
//	EndWithin  sets the last moment for all reads and writes
//
// Any goroutine may call the methods, but only one at a time may read, and only one
// may write. Do not call SetDeadline, SetReadDeadline or SetWriteDeadline on a Conn.
type Conn struct {
	net.Conn // the socket

	layer io.ReadWriter // what Read and Write go through, such as TLS; nil = the socket

	closing  sync.Once
	closeErr error

	mu          sync.Mutex // guards the deadlines and what follows
	interrupted bool       // Interrupt was called
	draining    bool       // Drain was called: Interrupt does nothing
	end         time.Time  // the last moment for reads and writes; zero = none
}

// NewConn wraps a connection. The caller no longer uses that connection itself.
func NewConn(c net.Conn) *Conn { return &Conn{Conn: c} }

// Below returns the connection that a layer such as TLS must use. Its reads and writes
// have the limits of Conn. The deadlines that the layer sets have no effect: TLS would wait
// up to 5 s for a peer that does not read its last alert, also after EndWithin.
func (c *Conn) Below() net.Conn { return below{c} }

// SetLayer makes Read and Write use a layer, which itself uses Below. All other methods
// use the socket. Call it before other goroutines read or write.
func (c *Conn) SetLayer(layer io.ReadWriter) { c.layer = layer }

// below is a Conn as its layer sees it.
type below struct{ *Conn }

func (b below) Read(p []byte) (int, error)     { return b.Conn.Conn.Read(p) }
func (b below) Write(p []byte) (int, error)    { return b.writeSocket(p) }
func (below) SetDeadline(time.Time) error      { return nil }
func (below) SetReadDeadline(time.Time) error  { return nil }
func (below) SetWriteDeadline(time.Time) error { return nil }

// Read reads from the layer, or from the socket.
func (c *Conn) Read(p []byte) (int, error) {
	if c.layer != nil {
		return c.layer.Read(p)
	}
	return c.Conn.Read(p)
}

// Close closes the connection. Further calls return the error of the first call.
func (c *Conn) Close() error {
	c.closing.Do(func() { c.closeErr = c.Conn.Close() })
	return c.closeErr
}

// Interrupt makes the read that waits fail, and all later reads. Writes go on. A later
// ArmRead does not undo an Interrupt.
func (c *Conn) Interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.draining {
		return // an Interrupt that comes late must not end the drain
	}
	c.interrupted = true
	_ = c.SetReadDeadline(past)
}

// EndWithin sets the last moment for reads and writes, d from now. Then the read and
// the write that wait fail. Later reads fail too. A later write has 20 ms in all. A call
// that asks for a later moment than an earlier call does nothing.
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

// ArmRead sets the time limit of reads: they fail after d from now. If d is 0 they
// have no limit. The limit holds for all reads until the next ArmRead. Interrupt and
// EndWithin have priority.
func (c *Conn) ArmRead(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.interrupted {
		_ = c.SetReadDeadline(past)
		return
	}
	_ = c.SetReadDeadline(c.deadline(d))
}

// deadline returns the moment d from now, or the end if that is earlier. A d of 0 is
// without limit. The caller holds c.mu.
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

// Write writes all of p. It fails if the peer reads nothing for 10 s, or at the end that
// EndWithin set. But each write has at least 20 ms.
func (c *Conn) Write(p []byte) (written int, err error) {
	if c.layer != nil {
		return c.layer.Write(p)
	}
	return c.writeSocket(p)
}

func (c *Conn) writeSocket(p []byte) (written int, err error) {
	least := time.Now().Add(leastWrite)
	for written < len(p) {
		final := c.armWrite(least)
		n, err := c.Conn.Write(p[written:min(len(p), written+writePiece)])
		written += n
		var timeout net.Error
		slow := n > 0 && errors.As(err, &timeout) && timeout.Timeout() // but the peer reads
		if err != nil && (final || !slow) {
			return written, err
		}
	}
	return written, nil
}

// armWrite sets the deadline of the next piece of a write. It returns whether that
// deadline is the end of the whole write. The write has at least until least.
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

// Drain closes the direction to the peer. Then it reads and drops what the peer sends,
// until the peer closes the other direction, but for at most d. Call it before Close.
// Otherwise, if the peer has sent more, Close resets the connection, and the peer may
// lose the last bytes that were written.
//
// Drain undoes an Interrupt. An Interrupt during Drain does nothing. EndWithin ends
// a Drain too.
func (c *Conn) Drain(d time.Duration) {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() != nil {
		return
	}
	c.mu.Lock()
	c.interrupted, c.draining = false, true
	c.mu.Unlock()
	c.ArmRead(d)
	dropped := make([]byte, dropPiece)
	for {
		if _, err := c.Conn.Read(dropped); err != nil {
			return
		}
	}
}
