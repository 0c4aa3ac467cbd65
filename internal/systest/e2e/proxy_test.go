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

// proxy stands between one agency and the server, and carries what they say
// as badly as a network can: in pieces of any size, late, with stops, and until
// it breaks the connection in the middle of anything. What it does to the n-th
// connection of an agency follows from the seed.
type proxy struct {
	listener net.Listener
	server   string
	seed     uint64
	agency   int
	done     *mischief
	links    sync.WaitGroup

	mu      sync.Mutex
	sockets []net.Conn // of all links, also of those that have ended
}

// mischief counts what proxies did.
type mischief struct {
	connections, pieces, delays, stops atomic.Int64
	broken                             [spared]atomic.Int64 // by ending
}

// allWays tells whether connections were broken in every way.
func (m *mischief) allWays() bool {
	for how := range spared {
		if m.broken[how].Load() == 0 {
			return false
		}
	}
	return true
}

func (m *mischief) String() string {
	text := fmt.Sprintf("%d connections, %d pieces, %d delays, %d stops", m.connections.Load(), m.pieces.Load(), m.delays.Load(), m.stops.Load())
	for how := range spared {
		text += fmt.Sprintf(", %d %v", m.broken[how].Load(), how)
	}
	return text
}

// ending is how the proxy breaks a connection.
type ending int

const (
	reset  ending = iota // both sides get a RST
	closed               // both sides are closed
	halved               // the receiver sees the end of the stream, the sender nothing
	spared               // it is not broken
)

func (e ending) String() string {
	return [...]string{"resets", "closings", "half closings", "spared"}[e]
}

// newProxy starts a proxy of an agency. It ends with the test.
func newProxy(t testing.TB, server string, seed uint64, agency int, done *mischief) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, server: server, seed: seed, agency: agency, done: done}
	p.links.Go(p.serve)
	t.Cleanup(func() {
		listener.Close()
		p.cut() // what a peer that hangs would keep open for ever
		p.links.Wait()
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
		// Before the next is accepted: the server sees connections in the
		// order in which the agency makes them, as it does without a proxy.
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			agency.Close()
			continue
		}
		p.done.connections.Add(1)
		p.keep(agency, server)
		random := rand.New(rand.NewPCG(p.seed, uint64(p.agency)<<32|n))
		p.links.Go(func() { p.link(agency.(*net.TCPConn), server.(*net.TCPConn), random) })
	}
}

func (p *proxy) keep(sockets ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sockets = append(p.sockets, sockets...)
}

// cut ends all links.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, socket := range p.sockets {
		socket.Close()
	}
}

// link carries one connection. Its end may come in either direction, behind any
// byte: the first ones, with the greetings, are as likely as those of all
// batches. One in four is spared, so that the lottery ends.
func (p *proxy) link(agency, server *net.TCPConn, random *rand.Rand) {
	how := ending(random.IntN(int(spared) + 1))
	const never = math.MaxInt
	up, down := never, never
	switch {
	case how == spared:
	case random.IntN(2) == 0:
		up = random.IntN(2 << random.IntN(18))
	default:
		down = random.IntN(2 << random.IntN(10)) // little is said in this direction
	}
	var both sync.WaitGroup
	for _, way := range []struct {
		from, to *net.TCPConn
		until    int
	}{{agency, server, up}, {server, agency, down}} {
		random := rand.New(rand.NewPCG(random.Uint64(), 0))
		both.Go(func() {
			switch err := p.carry(way.from, way.to, way.until, random); err {
			case io.EOF:
				_ = way.to.CloseWrite()
			case errBroken:
				p.done.broken[how].Add(1)
				finish(how, way.from, way.to)
			default:
				finish(reset, way.from, way.to)
			}
		})
	}
	both.Wait()
	agency.Close()
	server.Close()
}

// finish ends a connection, or one direction of it.
func finish(how ending, from, to *net.TCPConn) {
	switch how {
	case halved:
		_ = to.CloseWrite()
		_, _ = io.Copy(io.Discard, from)
		return
	case reset:
		_, _ = from.SetLinger(0), to.SetLinger(0)
	}
	from.Close()
	to.Close()
}

// errBroken says that a connection is to be broken here.
var errBroken = errors.New("broken by the proxy")

// carry carries bytes in one direction up to where it is to be broken, or to
// the end of the stream, io.EOF.
func (p *proxy) carry(from, to *net.TCPConn, until int, random *rand.Rand) error {
	buffer := make([]byte, 16<<10)
	size, pieces := 0, 0 // the pieces' size, and how many are to have it
	for ; until > 0; pieces-- {
		if pieces == 0 {
			size, pieces = 1<<random.IntN(15), 1+random.IntN(32)
		}
		n, err := from.Read(buffer[:min(size, until)])
		if err != nil {
			return err
		}
		until -= n
		p.done.pieces.Add(1)
		p.dawdle(random)
		if _, err := to.Write(buffer[:n]); err != nil {
			return err
		}
	}
	return errBroken
}

// dawdle lets a piece wait, now and then for long.
func (p *proxy) dawdle(random *rand.Rand) {
	switch n := random.IntN(256); {
	case n == 0:
		p.done.stops.Add(1)
		time.Sleep(time.Duration(random.Int64N(int64(200 * time.Millisecond))))
	case n < 16:
		p.done.delays.Add(1)
		time.Sleep(time.Duration(random.Int64N(int64(2 * time.Millisecond))))
	}
}
