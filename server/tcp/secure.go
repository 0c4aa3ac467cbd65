package tcp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/reason"
)

// tlsRecord is the first byte of a connection that speaks TLS: the type of a
// handshake record. No frame begins with it, and no line of text.
const tlsRecord = 0x16

var (
	// errInClear is why an agency is refused that does not speak TLS.
	errInClear = errors.New("this central demands TLS and an agency's certificate")

	// errNoTLS is why a connection is closed that speaks TLS to a server without.
	errNoTLS = errors.New("the peer speaks TLS, and SERVER_TLS is off")
)

// secure shakes hands with a peer that speaks TLS. After that the connection reads
// and writes inside TLS. It returns false if the connection is over.
func (s *Server) secure(ctx context.Context, c *conn) bool {
	if s.options.Identity == nil {
		logHandshakeFailed(c.ip, errNoTLS)
		return false
	}
	err := s.shakeHands(ctx, c)
	if err == nil {
		s.stats.secured.Add(1)
		logHandshake(c.ip, c.proved)
		return true
	}
	switch ended := cause(ctx, reason.Of(err)); {
	case errors.Is(ended, errStopping):
	case peerLost(err):
		s.stats.lost.Add(1)
		logHandshakeFailed(c.ip, ended)
	default:
		s.stats.unproved.Add(1)
		logHandshakeFailed(c.ip, reason.Of(err))
		c.Conn.Drain(drainTimeout) // else a reset could destroy the alert
	}
	return false
}

func (s *Server) shakeHands(ctx context.Context, c *conn) error {
	early, _ := c.stream.Peek(c.stream.Buffered()) // cannot fail: the bytes are there
	computing := &turn{all: s.handshaking, ended: ctx.Done()}
	below := &transport{Conn: c.Below(), early: slices.Clone(early), computing: computing}
	secured := tls.Server(below, s.options.Identity.Central())
	err := computing.take()
	if err == nil {
		err = secured.Handshake()
	}
	computing.giveBack()
	below.computing = nil
	if err != nil {
		return err
	}
	c.secured = secured
	c.SetLayer(secured)
	c.stream.Reset(c)
	c.proved, err = identity.Peer(secured)
	return err
}

// peerLost returns whether a handshake failed because of the connection, and not
// because of what the peers said.
func peerLost(err error) bool {
	for _, lost := range []error{io.EOF, io.ErrUnexpectedEOF, os.ErrDeadlineExceeded, net.ErrClosed, errTurnless} {
		if errors.Is(err, lost) {
			return true
		}
	}
	failed, ok := errors.AsType[*net.OpError](err)
	return ok && (failed.Op == "read" || failed.Op == "write")
}

// maxHandshaking is how many handshakes compute at once. More than the processors
// would only delay each other until all are too late.
func maxHandshaking() int { return runtime.GOMAXPROCS(0) }

// errTurnless is why a handshake ends that waited for its turn.
var errTurnless = errors.New("the connection ended before its handshake")

// turn is a handshake's right to compute. The handshake gives it back while it waits
// for its peer, so that a peer that stalls delays nobody.
type turn struct {
	all   chan struct{}   // one for each turn that is taken
	ended <-chan struct{} // closed when the connection has ended
	held  bool
}

func (t *turn) take() error {
	select {
	case t.all <- struct{}{}:
		t.held = true
		return nil
	case <-t.ended:
		return errTurnless
	}
}

func (t *turn) giveBack() {
	if t.held {
		t.held = false
		<-t.all
	}
}

// transport is the connection below TLS.
type transport struct {
	net.Conn
	early     []byte // was read before the handshake
	computing *turn  // of the handshake; nil after it
}

func (t *transport) Read(p []byte) (n int, err error) {
	switch {
	case len(t.early) > 0:
		n = copy(p, t.early)
		t.early = t.early[n:]
		return n, nil
	case t.computing == nil:
		return t.Conn.Read(p)
	}
	t.computing.giveBack()
	if n, err = t.Conn.Read(p); err != nil {
		return n, err
	}
	return n, t.computing.take()
}

// Drain says that no more will be written, and discards what the peer still sends,
// for at most d.
func (c *conn) Drain(d time.Duration) {
	c.farewell()
	c.Conn.Drain(d)
}

// farewell tells a peer inside TLS that nothing follows. A session calls it at an
// orderly end.
func (c *conn) farewell() {
	if c.secured != nil {
		_ = c.secured.CloseWrite() // the peer may have gone
	}
}

// mayBe fails if the peer has proved to be another agency.
func (c *conn) mayBe(id lottery.AgencyID) error {
	if c.secured != nil && c.proved != id {
		return fmt.Errorf("the certificate is that of agency %d", c.proved)
	}
	return nil
}
