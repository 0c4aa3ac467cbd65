// Package tcp serves the central's one port: it accepts connections, tells
// echo clients from agencies by their first byte, and speaks with each in a
// goroutine of its own. It turns what travels into what the lottery knows, and
// logs what happens.
package tcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/deadline"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
)

// Options are a server's settings; zero values mean the defaults.
type Options struct {
	HelloTimeout   time.Duration // for the first bytes and the HELLO; default 5 s
	IdleTimeout    time.Duration // between two frames of an upload; default 10 min
	MaxConnections int           // open at once; default 4096
}

const (
	defaultHelloTimeout   = 5 * time.Second
	defaultIdleTimeout    = 10 * time.Minute
	defaultMaxConnections = 4096

	// stopTimeout bounds, from the moment the server is stopped, everything
	// that waits for a peer.
	stopTimeout = 200 * time.Millisecond

	// drainTimeout bounds how long a refused peer is listened to, and a
	// superseded one written to.
	drainTimeout = time.Second

	// maxFarewells bounds how many connections are open beyond
	// MaxConnections, to be told that there is no room.
	maxFarewells = 64
)

// Server serves echo clients and agencies.
type Server struct {
	store     *store.Store
	draw      *lottery.Draw
	options   Options
	agencies  tenancies
	admission admission
	farewells chan struct{} // one for each connection that is being turned away
	admitted  atomic.Uint64 // connections so far
	sessions  sync.WaitGroup
}

// NewServer returns a server of the bets in a store and of their draw. The
// caller runs the draw.
func NewServer(bets *store.Store, draw *lottery.Draw, options Options) *Server {
	if options.HelloTimeout == 0 {
		options.HelloTimeout = defaultHelloTimeout
	}
	if options.IdleTimeout == 0 {
		options.IdleTimeout = defaultIdleTimeout
	}
	if options.MaxConnections == 0 {
		options.MaxConnections = defaultMaxConnections
	}
	return &Server{
		store:     bets,
		draw:      draw,
		options:   options,
		admission: admission{capacity: options.MaxConnections},
		farewells: make(chan struct{}, maxFarewells),
	}
}

// Listen returns a listener on all interfaces whose queue of connections that
// wait to be accepted has the given length. Port 0 means any that is free.
func Listen(ctx context.Context, port, backlog int) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		return nil, err
	}
	// Package net always asks for the system's maximum. A second listen(2)
	// on the same socket sets the length anew.
	raw, err := listener.(*net.TCPListener).SyscallConn()
	if err == nil {
		var listenErr error
		err = raw.Control(func(fd uintptr) { listenErr = syscall.Listen(int(fd), backlog) })
		err = errors.Join(err, listenErr)
	}
	if err != nil {
		listener.Close()
		return nil, fmt.Errorf("set the backlog: %w", err)
	}
	return listener, nil
}

// errStopping is why connections end when the server is stopped.
var errStopping = errors.New("the server is stopping")

// Serve accepts connections until the context ends. Then it closes the
// listener, lets every session store and acknowledge what it has read, tells
// the peers, and returns when no goroutine of its own is left. Nothing that a
// peer does or fails to do delays that by more than a fraction of a second.
func (s *Server) Serve(ctx context.Context, listener net.Listener) {
	// The connections' context does not end with ctx but after the listener,
	// and with a cause of its own, for which the peers are told.
	connections, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer s.sessions.Wait()
	defer cancel(errStopping)
	closing := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(closing)
		LogClosed("listener", "address", listener.Addr().String(), listener.Close())
		cancel(errStopping)
	})
	s.accept(ctx, connections, listener)
	<-closing // the context has ended, so the listener is being closed
}

// accept starts a session for each connection until the context ends. The
// sessions run in a context of their own.
func (s *Server) accept(ctx, connections context.Context, listener net.Listener) {
	const shortest, longest = 5 * time.Millisecond, time.Second
	backoff := shortest
	for ctx.Err() == nil {
		logAccepting()
		socket, err := listener.Accept()
		switch {
		case err == nil:
			backoff = shortest
			logAccepted(ip(socket))
			s.admit(connections, socket)
		case ctx.Err() == nil:
			// Out of descriptors, or a peer that gave up in the queue:
			// both pass.
			logAcceptFailed(err)
			pause(ctx, backoff)
			backoff = min(2*backoff, longest)
		}
	}
}

// admit starts the session of a new connection if there is room for it.
func (s *Server) admit(ctx context.Context, socket net.Conn) {
	connCtx, cancel := context.WithCancelCause(ctx)
	seat, ok := s.admission.enter(cancel)
	if !ok {
		cancel(nil)
		s.turnAway(ctx, socket)
		return
	}
	number := s.admitted.Add(1)
	s.sessions.Go(func() {
		defer s.admission.leave(seat)
		defer cancel(nil)
		c := &conn{Conn: deadline.NewConn(socket), number: number, ip: ip(socket)}
		interrupt := context.AfterFunc(connCtx, func() {
			c.Interrupt()
			if errors.Is(context.Cause(connCtx), errSuperseded) {
				c.Hasten(drainTimeout) // the newer connection waits
			}
		})
		defer interrupt()
		bound := context.AfterFunc(ctx, func() { c.Bound(stopTimeout) })
		defer bound()
		s.serve(connCtx, cancel, c, seat)
		LogClosed("connection", "ip", c.ip, c.Close())
	})
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// conn is a connection as the sessions see it.
type conn struct {
	*deadline.Conn
	number uint64 // in the order in which they came
	ip     string // the peer's address, as the log shows it
}

// ip gives the address of a connection's peer, without the port.
func ip(socket net.Conn) string {
	address := socket.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
