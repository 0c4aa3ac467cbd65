package tcp

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// slowest is what a stop may take on a machine that is busy with other things.
const slowest = 5 * time.Second

func stopInTime(c *testServer) {
	c.t.Helper()
	took := c.stop()
	c.t.Logf("stopped in %v", took.Round(time.Millisecond))
	if took > slowest {
		c.t.Errorf("the stop took %v", took)
	}
	c.logs.want(1, "action: close_listener | result: success | address: 127.0.0.1:")
	c.logs.want(c.logs.count("accept_connections | result: success"), "action: close_connection | result: success | ip: 127.0.0.1")
}

// Each phase brings a peer to where the stop meets it, and says what the peer
// reads. Two agencies are expected, so that there is no draw.
func TestStop(t *testing.T) { inClearAndOverTLS(t, stopEverywhere) }

func stopEverywhere(t *testing.T, with *identities) {
	toldToComeAgain := func(p *peer) { p.expectError(protocol.StatusStopping) }
	for _, tt := range []struct {
		name   string
		reach  func(c *testServer, p *peer)
		told   func(p *peer)
		stored int
	}{
		{"before the first byte", func(*testServer, *peer) {}, (*peer).closed, 0},
		{"in an echo line", func(_ *testServer, p *peer) { p.write([]byte("half a li")) }, (*peer).closed, 0},
		{"in the HELLO", func(_ *testServer, p *peer) { p.write(frames(p.t, hello(1))[:7]) }, (*peer).readToEnd, 0},
		{"after the HELLO", func(_ *testServer, p *peer) {
			p.send(hello(1))
			p.welcome()
		}, toldToComeAgain, 0},
		{"between batches", func(_ *testServer, p *peer) {
			p.send(hello(1), batch(0, 10))
			p.welcome()
			p.acked(10)
		}, toldToComeAgain, 10},
		{"in a batch", func(_ *testServer, p *peer) {
			raw := frames(p.t, hello(1), batch(0, 10), batch(10, 10))
			p.write(raw[:len(raw)-1])
			p.welcome()
			p.acked(10)
		}, toldToComeAgain, 10},
		{"in the length of a frame", func(_ *testServer, p *peer) {
			p.write(append(frames(p.t, hello(1)), 0, 0))
			p.welcome()
		}, toldToComeAgain, 0},
		{"waiting for the draw", func(_ *testServer, p *peer) {
			p.send(hello(1), batch(0, 10))
			p.welcome()
			p.acked(10)
			p.finish(10)
		}, toldToComeAgain, 10},
		{"in the drain after an ERROR", func(_ *testServer, p *peer) {
			p.send(hello(3))
			p.receive(&protocol.Error{})
		}, (*peer).closed, 0},
		{"gone", func(_ *testServer, p *peer) { p.abort() }, func(*peer) {}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, setup{agencies: 2, tls: with})
			p := c.dial()
			c.logs.wait(1, "accept_connections | result: success")
			tt.reach(c, p)
			stopInTime(c)
			tt.told(p)
			c.open()
			c.wantStored(1, tt.stored)
		})
	}
}

func TestStopWithoutConnections(t *testing.T) {
	c := start(t, setup{})
	c.logs.wait(1, "action: accept_connections | result: in_progress")
	stopInTime(c)
}

// The listener is closed while the sessions still run: nobody can connect after a peer
// has learned that the server stops. The context of a session ends when it is told to stop.
func TestListenerIsClosedFirst(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	claims := &claimContexts{received: make(chan context.Context, 1)}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan struct{})
	var session context.Context
	first := false // the session was not told to stop before the listener was closed
	go func() {
		defer close(served)
		NewServer(claims, Options{}).Serve(ctx, closeHook{listener, func() { first = session.Err() == nil }})
	}()
	socket, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if _, err := socket.Write(frames(t, hello(1))); err != nil {
		t.Fatal(err)
	}
	session = <-claims.received
	stop()
	<-served
	if !first {
		t.Error("the session was told to stop while the listener was open")
	}
}

// closeHook is a listener that calls a function before it is closed.
type closeHook struct {
	net.Listener
	before func()
}

func (l closeHook) Close() error {
	l.before()
	return l.Listener.Close()
}

// claimContexts is a central that passes on the context of a Claim. The Claim waits
// until that context ends.
type claimContexts struct {
	central.Central
	received chan context.Context
}

func (c *claimContexts) Expects(lottery.AgencyID) bool { return true }

func (c *claimContexts) Claim(ctx context.Context, _ lottery.AgencyID, _ uint64, _ func()) (central.Session, error) {
	c.received <- ctx
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

// lateContext has ended, and has yet to call what waits for its end.
type lateContext struct {
	context.Context
	waiting chan func()
}

func (c lateContext) Done() <-chan struct{} { return make(chan struct{}) }
func (c lateContext) Err() error            { return context.Canceled }

func (c lateContext) AfterFunc(f func()) (stop func() bool) {
	c.waiting <- f
	return func() bool {
		select {
		case <-c.waiting:
			return true
		default:
			return false
		}
	}
}

// The listener is closed also if the accept loop is the first to see the end.
func TestStopSeenBetweenTwoAccepts(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx := lateContext{context.Background(), make(chan func(), 1)}
	served := make(chan struct{})
	go func() {
		defer close(served)
		NewServer(nil, Options{}).Serve(ctx, listener)
	}()
	select {
	case <-served:
		t.Fatal("Serve returned and left the listener open")
	case <-time.After(100 * time.Millisecond): // ample for the loop to end
	}
	(<-ctx.waiting)()
	<-served
	if _, err := listener.Accept(); err == nil {
		t.Error("the listener is open")
	}
}

// What was read is stored and acknowledged, although the server was stopped before.
func TestStopWhileWaitingForTheDisk(t *testing.T) {
	d := newDisk()
	c := start(t, setup{fs: d})
	p := c.agency(1, 0)
	g := d.shut(t)
	p.send(batch(0, 10))
	<-g.waiting
	c.cancel()
	c.logs.wait(1, "action: close_listener | result: success")
	g.open()
	p.acked(10)
	p.expectError(protocol.StatusStopping)
	stopInTime(c)
	c.open()
	c.wantStored(1, 10)
	c.logs.want(0, "result: fail")
}

// Stopped after the draw and before its release, nobody learns of the winners;
// the next start releases them at once.
func TestStopInThePublishDelay(t *testing.T) {
	c := start(t, setup{delay: time.Hour})
	p := c.agency(1, 0)
	p.send(batch(0, 10))
	p.acked(10)
	p.finish(10)
	c.logs.wait(1, "action: sorteo | result: success | recovered: false")
	stopInTime(c)
	p.expectError(protocol.StatusStopping)
	c.open()
	p = c.agency(1, 10)
	p.finish(10)
	if winners, _ := p.winners(); len(winners) != 1 {
		t.Errorf("winners: %v", winners)
	}
	c.logs.want(1, "action: sorteo | result: success | recovered: true")
	c.logs.want(0, "result: fail")
}

// The peer is being sent its winners, and does not read.
func TestStopWithPeerThatNeverReads(t *testing.T) { inClearAndOverTLS(t, stopWithPeerThatNeverReads) }

func stopWithPeerThatNeverReads(t *testing.T, with *identities) {
	if stopTimeout > 500*time.Millisecond {
		t.Errorf("it can delay the stop for %v: docker compose stop -t 1 would kill the server", stopTimeout)
	}
	c := start(t, setup{buffers: 4096, agencies: 1, tls: with})
	p := c.agency(1, 0)
	storeWinners(p, 5000)
	p.finish(5000)
	eventually(t, "the server is stuck in writing", func() bool { return countStacks("deadline.(*Conn).Write") == 1 })
	stopInTime(c)
	c.open()
	c.wantStored(1, 5000)
}

func TestStopWithManyOfAllKinds(t *testing.T) { inClearAndOverTLS(t, stopWithManyOfAllKinds) }

func stopWithManyOfAllKinds(t *testing.T, with *identities) {
	c := start(t, setup{agencies: 200, tls: with})
	var waiting []*peer
	for id := range lottery.AgencyID(100) {
		p := c.agency(id+1, 0)
		p.send(batch(0, 3))
		p.acked(3)
		if id%2 == 0 {
			p.finish(3)
		}
		waiting = append(waiting, p)
		if q := c.dial(); id%2 == 0 {
			q.write(frames(t, hello(101))[:id%9])
		}
	}
	c.logs.wait(200, "accept_connections | result: success")
	stopInTime(c)
	for _, p := range waiting {
		p.expectError(protocol.StatusStopping)
	}
}
