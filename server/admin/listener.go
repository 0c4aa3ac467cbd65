package admin

import (
	"container/list"
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// acceptPause is how long the listener waits for a file descriptor.
const acceptPause = 50 * time.Millisecond

// boundedListener bounds the connections that are open at once, so that nobody can keep
// others from asking: at the bound, the oldest connection is closed for the newest. A
// stream may be kept: then it does not count.
type boundedListener struct {
	net.Listener
	most  int
	ended <-chan struct{} // closed when the server stops

	mu   sync.Mutex
	open list.List // of *boundedConn that are not kept, the oldest first
}

// Accept implements net.Listener.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		switch {
		case err == nil:
			return l.enter(conn), nil
		case !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE):
			return nil, err
		}
		// There is no file descriptor left. The http package would wait too, but
		// up to a second, also while the server stops.
		l.closeOldest()
		select {
		case <-time.After(acceptPause):
		case <-l.ended:
		}
	}
}

// enter counts a new connection.
func (l *boundedListener) enter(conn net.Conn) *boundedConn {
	l.mu.Lock()
	full := l.open.Len() >= l.most
	l.mu.Unlock()
	if full {
		l.closeOldest()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	entered := &boundedConn{Conn: conn, listener: l}
	entered.element = l.open.PushBack(entered)
	return entered
}

// closeOldest closes the oldest connection that is not kept, if there is one.
func (l *boundedListener) closeOldest() {
	l.mu.Lock()
	oldest := l.open.Front()
	l.mu.Unlock()
	if oldest != nil {
		_ = oldest.Value.(*boundedConn).Close() // both its peer and the server see it
	}
}

// boundedConn is a connection that counts until it is closed or kept.
type boundedConn struct {
	net.Conn
	listener *boundedListener
	element  *list.Element // in listener.open; Remove ignores one that is not there
}

// Close implements net.Conn.
func (c *boundedConn) Close() error {
	c.keep()
	return c.Conn.Close()
}

// keep lets the connection stay open for as long as it likes.
func (c *boundedConn) keep() {
	c.listener.mu.Lock()
	defer c.listener.mu.Unlock()
	c.listener.open.Remove(c.element)
}

// connKey is the key of a request's *boundedConn in its context.
type connKey struct{}

func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// keep keeps the connection of a request.
func keep(ctx context.Context) {
	if conn, ok := ctx.Value(connKey{}).(*boundedConn); ok {
		conn.keep()
	}
}
