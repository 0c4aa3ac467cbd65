package e2e

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy forwards bytes between one agency and the server, like a bad network: in pieces of
// any size, and with delays. It breaks connections after any byte. The seed decides what
// happens to the n-th connection of an agency.
type proxy struct {
	listener net.Listener
	server   string
	seed     uint64
	agency   int
	done     *faults
	running  sync.WaitGroup

	mu      sync.Mutex
	sockets []net.Conn // of all connections, also of those that have ended
}

// faults counts what the proxies have done.
type faults struct {
	connections, pieces, short, long atomic.Int64 // short and long delays
	broken                           [unbroken]atomic.Int64
}

// allWays returns whether connections were broken in every way.
func (f *faults) allWays() bool {
	for how := range unbroken {
		if f.broken[how].Load() == 0 {
			return false
		}
	}
	return true
}

func (f *faults) String() string {
	text := fmt.Sprintf("%d connections, %d pieces, %d short and %d long delays",
		f.connections.Load(), f.pieces.Load(), f.short.Load(), f.long.Load())
	for how := range unbroken {
		text += fmt.Sprintf(", %d %v", f.broken[how].Load(), how)
	}
	return text
}

// ending is how the proxy breaks a connection.
type ending int

const (
	reset      ending = iota // both sides get a RST
	closed                   // both sides are closed
	halfClosed               // the receiver sees the end of the stream, the sender nothing
	unbroken
)

func (e ending) String() string {
	return [...]string{"resets", "closings", "half closings", "unbroken"}[e]
}

// newProxy starts a proxy for an agency. The proxy ends with the test.
func newProxy(t testing.TB, server string, seed uint64, agency int, done *faults) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, server: server, seed: seed, agency: agency, done: done}
	p.running.Go(p.serve)
	t.Cleanup(func() {
		listener.Close()
		p.closeAll() // a peer that hangs does not close its connection
		p.running.Wait()
	})
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) serve() {
	for n := uint64(0); ; n++ {
		agency, err := p.listener.Accept()
		if err != nil {
			return
		}
		// The proxy dials before it accepts the next connection: the server
		// sees the connections in the agency's order, as it does without a proxy.
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			agency.Close()
			continue
		}
		p.done.connections.Add(1)
		p.track(agency, server)
		random := rand.New(rand.NewPCG(p.seed, uint64(p.agency)<<32|n))
		p.running.Go(func() { p.forward(agency.(*net.TCPConn), server.(*net.TCPConn), random) })
	}
}

func (p *proxy) track(sockets ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sockets = append(p.sockets, sockets...)
}

func (p *proxy) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, socket := range p.sockets {
		socket.Close()
	}
}

// forward forwards one connection in both directions. One direction may break after any
// byte. It breaks in the first messages as often as in the batches. One connection in four
// does not break, because the lottery must end.
func (p *proxy) forward(agency, server *net.TCPConn, random *rand.Rand) {
	how := ending(random.IntN(int(unbroken) + 1))
	const never = math.MaxInt
	up, down := never, never
	switch {
	case how == unbroken:
	case random.IntN(2) == 0:
		up = random.IntN(2 << random.IntN(18))
	default:
		down = random.IntN(2 << random.IntN(10)) // few bytes go in this direction
	}
	var both sync.WaitGroup
	for _, way := range []struct {
		from, to *net.TCPConn
		limit    int
	}{{agency, server, up}, {server, agency, down}} {
		random := rand.New(rand.NewPCG(random.Uint64(), 0))
		both.Go(func() {
			switch err := p.copy(way.from, way.to, way.limit, random); err {
			case io.EOF:
				_ = way.to.CloseWrite()
			case errBroken:
				p.done.broken[how].Add(1)
				breakConnection(how, way.from, way.to)
			default:
				breakConnection(reset, way.from, way.to)
			}
		})
	}
	both.Wait()
	agency.Close()
	server.Close()
}

// breakConnection ends a connection, or one direction of it.
func breakConnection(how ending, from, to *net.TCPConn) {
	switch how {
	case halfClosed:
		_ = to.CloseWrite()
		_, _ = io.Copy(io.Discard, from)
		return
	case reset:
		_, _ = from.SetLinger(0), to.SetLinger(0)
	}
	from.Close()
	to.Close()
}

// errBroken means that the proxy must break the connection.
var errBroken = errors.New("broken by the proxy")

// copy copies bytes in one direction. It returns errBroken after limit bytes, or
// io.EOF at the end of the stream.
func (p *proxy) copy(from, to *net.TCPConn, limit int, random *rand.Rand) error {
	buffer := make([]byte, 16<<10)
	size, pieces := 0, 0 // the next pieces have this size
	for ; limit > 0; pieces-- {
		if pieces == 0 {
			size, pieces = 1<<random.IntN(15), 1+random.IntN(32)
		}
		n, err := from.Read(buffer[:min(size, limit)])
		if err != nil {
			return err
		}
		limit -= n
		p.done.pieces.Add(1)
		p.delay(random)
		if _, err := to.Write(buffer[:n]); err != nil {
			return err
		}
	}
	return errBroken
}

// delay delays some pieces, and a few of them for a long time.
func (p *proxy) delay(random *rand.Rand) {
	switch n := random.IntN(256); {
	case n == 0:
		p.done.long.Add(1)
		time.Sleep(time.Duration(random.Int64N(int64(200 * time.Millisecond))))
	case n < 16:
		p.done.short.Add(1)
		time.Sleep(time.Duration(random.Int64N(int64(2 * time.Millisecond))))
	}
}
