package admin

import (
	"net"
	"sync"
)

// boundedListener accepts as many connections at once as free has room for. It
// closes at once those beyond.
type boundedListener struct {
	net.Listener
	free chan struct{} // one for each connection that may be opened
}

// slots returns a channel that holds n slots.
func slots(n int) chan struct{} {
	free := make(chan struct{}, n)
	for range n {
		free <- struct{}{}
	}
	return free
}

func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case <-l.free:
			return &boundedConn{Conn: conn, release: sync.OnceFunc(func() { l.free <- struct{}{} })}, nil
		default:
			_ = conn.Close() // the peer sees it
		}
	}
}

// boundedConn gives its slot back when it is closed.
type boundedConn struct {
	net.Conn
	release func()
}

func (c *boundedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
