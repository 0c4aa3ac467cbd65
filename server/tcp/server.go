// Package tcp serves the central's one port: it accepts connections, tells
// echo clients from agencies by their first byte, and speaks with each of them. An
// echo client has one goroutine. An agency has two: one reads frames, and one sends
// the replies. The package decodes frames, calls the central, and writes the log lines.
package tcp

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/deadline"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/reason"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/retry"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// Options are a server's settings. The zero value has no limits.
type Options struct {
	HelloTimeout   time.Duration // for the first bytes and the HELLO
	IdleTimeout    time.Duration // between two frames of an upload
	MaxConnections int           // open at once
	MaxHellos      int           // of one address within a second
	MaxBets        uint64        // of one agency

	// Identity makes agencies prove over TLS who they are. nil = there is no TLS, and
	// every client may speak for any agency.
	Identity *identity.Source
}

const (
	// stopTimeout is how long the server may still wait for its peers after it
	// was told to stop.
	stopTimeout = 200 * time.Millisecond

	// drainTimeout is how long a session discards input after an ERROR, and how
	// long it may still write to a superseded connection.
	drainTimeout = time.Second

	// maxRejecting is how many connections may be open beyond MaxConnections while
	// the server sends them that there is no room.
	maxRejecting = 16
)

// Server serves echo clients and agencies. Why a connection ends:
//
//	reason                       who ends it              what the peer gets
//	echo sent                    its goroutine            the echo
//	winners sent                 the replier              WINNERS
//	the peer has gone            the reader               nothing
//	silent for too long          its deadline             nothing
//	does not read                a write's deadline       nothing
//	broke the protocol           the reader               ERROR protocol violation
//	its HELLO is refused         session.hello            ERROR with the reason's status
//	bets not accepted            reader or replier        ERROR with their status
//	total not accepted           the replier              ERROR with its status
//	unknown if bets are stored   the replier              nothing
//	cannot be served now         central.Claim            ERROR server busy
//	a newer one of its agency    central.Claim            ERROR superseded
//	makes room for another       slots.enter, evictOne    nothing: it is closed at once
//	no room and none to make     Server.reject            ERROR server busy
//	the handshake failed         Server.secure            a TLS alert
//	the server stops             the context of Serve     ERROR server stopping
//	  before a frame has begun   the context of Serve     nothing
type Server struct {
	central     central.Central
	options     Options
	slots       slots
	hellos      helloLimit
	stats       stats
	rejecting   chan struct{} // one for each connection that is being rejected
	handshaking chan struct{} // one for each handshake that computes
	sessions    sync.WaitGroup
}

// NewServer returns a server of a central.
func NewServer(c central.Central, options Options) *Server {
	return &Server{
		central:     c,
		options:     options,
		slots:       slots{capacity: options.MaxConnections},
		hellos:      helloLimit{most: options.MaxHellos},
		rejecting:   make(chan struct{}, maxRejecting),
		handshaking: make(chan struct{}, maxHandshaking()),
	}
}

var (
	// errStopping is why connections end when the server is stopped.
	errStopping = errors.New("reconnect later")

	// errEvicted is why the server closes a connection to make room for another.
	errEvicted = errors.New("made room for another connection")

	// errNoRoom is why a connection is rejected.
	errNoRoom = errors.New("too many connections")
)

// Serve accepts connections until the context ends. Then it closes the listener,
// and every session stores and acknowledges what it has read and tells its peer that
// the server stops. Serve returns when all sessions have ended. A session waits for its
// reader: it ends when the reader has closed the channel of replies. No peer can delay
// that by more than a fraction of a second.
func (s *Server) Serve(ctx context.Context, listener net.Listener) {
	// Connections have a context of their own. It ends after the listener is
	// closed. Its cause errStopping is the text of the ERROR.
	connections, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer s.sessions.Wait()
	defer cancel(errStopping)
	closed := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(closed)
		err := listener.Close()
		cancel(errStopping) // before logging, because the log may have to wait
		logging.Closed(log, "listener", "address", listener.Addr().String(), err)
	})
	s.accept(ctx, connections, listener)
	<-closed // the context has ended, so the listener is being closed
}

// accept starts a session for each connection until the context ends. The
// sessions run in a context of their own.
func (s *Server) accept(ctx, connections context.Context, listener net.Listener) {
	backoff := retry.Backoff{Least: 5 * time.Millisecond, Most: time.Second}
	for number := uint64(1); ctx.Err() == nil; {
		logAccepting()
		socket, err := listener.Accept()
		switch {
		case err == nil:
			backoff.Reset()
			logAccepted(ip(socket))
			s.stats.accepted.Add(1)
			s.admit(connections, socket, number)
			number++
		case ctx.Err() == nil:
			// Out of descriptors, or a peer that gave up in the queue: both
			// are temporary.
			logAcceptFailed(reason.Of(err))
			if outOfDescriptors(err) {
				s.slots.evictOne()
			}
			_ = retry.Pause(ctx, backoff.Next()) // the loop asks whether ctx has ended
		}
	}
}

// admit starts the session of a new connection if there is room for it.
func (s *Server) admit(ctx context.Context, socket net.Conn, number uint64) {
	connCtx, cancel := context.WithCancelCause(ctx)
	c := &conn{Conn: deadline.NewConn(socket), number: number, ip: ip(socket)}
	c.slot = s.slots.enter(func() {
		cancel(errEvicted)
		_ = c.Close() // the session logs it
	})
	if c.slot == nil {
		cancel(nil)
		s.reject(ctx, c)
		return
	}
	c.stream = bufio.NewReaderSize(c, protocol.ReadSize)
	s.sessions.Go(func() {
		defer s.slots.leave(c.slot)
		defer cancel(nil)
		stopInterrupt := context.AfterFunc(connCtx, func() {
			c.Interrupt()
			if errors.Is(context.Cause(connCtx), central.ErrSuperseded) {
				c.EndWithin(drainTimeout) // the newer connection waits for this one
				s.slots.offer(c.slot)
			}
		})
		defer stopInterrupt()
		end := context.AfterFunc(ctx, func() { c.EndWithin(stopTimeout) })
		defer end()
		s.serve(connCtx, cancel, c)
		logging.Closed(log, "connection", "ip", c.ip, c.Close())
	})
}

// reject tells a new connection that there is no room, and closes it. The accept
// loop calls it, so it does not wait: the ERROR fits the socket's empty buffer. A
// goroutine discards what the peer sends, so that the peer can read the ERROR. If there
// are maxRejecting such goroutines, the connection is closed at once.
func (s *Server) reject(ctx context.Context, c *conn) {
	s.stats.rejected.Add(1)
	c.EndWithin(drainTimeout)
	frame, err := protocol.AppendFrame(nil, protocolError(protocol.StatusBusy, errNoRoom))
	if err == nil {
		_, err = c.Write(frame)
	}
	select {
	case s.rejecting <- struct{}{}:
		s.sessions.Go(func() {
			defer func() { <-s.rejecting }()
			end := context.AfterFunc(ctx, func() { c.EndWithin(stopTimeout) })
			defer end()
			c.Drain(drainTimeout)
			logRejected(c.ip, errors.Join(err, c.Close()))
		})
	default:
		logRejected(c.ip, errors.Join(err, c.Close()))
	}
}

// conn is an accepted connection with its number, its peer's address and its slot.
type conn struct {
	*deadline.Conn               // of the socket
	stream         *bufio.Reader // of what the peer sends, inside TLS if the connection is secured
	number         uint64        // in the order in which they came
	ip             string        // the peer's address, as the log shows it
	slot           *slot

	secured *tls.Conn        // after a handshake; nil = everything travels in clear
	proved  lottery.AgencyID // which agency the peer is, if secured
}

// ip gives the address of a connection's peer, without the port.
func ip(socket net.Conn) string {
	address := socket.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
