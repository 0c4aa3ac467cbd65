package timeline

import (
	"net"
	"sync"
	"sync/atomic"
)

// connection is what passed over one connection. The bytes are kept as they came
// and decoded after the run: the recording costs the central a copy.
type connection struct {
	number int
	opened Time
	closed atomic.Int64
	in     stream // from the agency
	out    stream // to the agency
}

// stream is one direction of a connection.
type stream struct {
	mu     sync.Mutex
	bytes  []byte
	chunks []chunk
}

// chunk is what one Read or Write moved.
type chunk struct {
	at  Time
	end int // the position in the stream after it
}

func (s *stream) add(at Time, p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes = append(s.bytes, p...)
	s.chunks = append(s.chunks, chunk{at, len(s.bytes)})
}

// Listener returns a listener whose connections are recorded.
func (r *Recorder) Listener(l net.Listener) net.Listener { return &listener{l, r} }

type listener struct {
	net.Listener
	recorder *Recorder
}

func (l *listener) Accept() (net.Conn, error) {
	socket, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	r := l.recorder
	c := &connection{opened: r.now()}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.connections = append(r.connections, c)
	c.number = len(r.connections)
	return &conn{socket, r, c}, nil
}

// conn notes a Read when it has returned and a Write when it begins. So no cause is
// recorded later than its effect: an agency may answer before Write returns.
type conn struct {
	net.Conn
	recorder *Recorder
	record   *connection
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.record.in.add(c.recorder.now(), p[:n])
	}
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	at := c.recorder.now()
	n, err := c.Conn.Write(p)
	if n > 0 {
		c.record.out.add(at, p[:n])
	}
	return n, err
}

func (c *conn) Close() error {
	c.record.closed.CompareAndSwap(0, int64(c.recorder.now()))
	return c.Conn.Close()
}
