package tcp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/reason"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// maxReplies is how many replies may be pending. At that number the session stops
// reading until the oldest reply is complete. An agency may send as many batches before
// it waits for an acknowledgement.
const maxReplies = 512

var (
	errPeerGone    = errors.New("the peer has gone")
	errOver        = errors.New("the session is over")
	errBatchBefore = errors.New("a batch before it was refused")
)

// session is the connection of one agency. One goroutine reads frames. Another
// completes the replies, in the order of the frames.
type session struct {
	server  *Server
	conn    *conn
	cancel  context.CancelCauseFunc
	frames  *protocol.Reader
	replies chan reply
	agency  lottery.AgencyID
	claimed central.Session // what Claim returned; set when the connection speaks for the agency

	// Of the goroutine that reads:
	finished bool           // no more bets are accepted: a FINISHED has come, or the draw was held
	queried  bool           // nothing more is accepted
	queued   lottery.Offset // how far the central has taken bets from this session
}

// serve speaks with one connection until it ends.
func (s *Server) serve(ctx context.Context, cancel context.CancelCauseFunc, c *conn) {
	// One deadline for the first byte and the HELLO, or the echo's line.
	c.ArmRead(s.options.HelloTimeout)
	first, err := c.stream.Peek(1)
	if err == nil && first[0] == tlsRecord {
		if !s.secure(ctx, c) {
			return
		}
		first, err = c.stream.Peek(1)
	}
	switch {
	case errors.Is(err, io.EOF):
	case err != nil:
		if err = cause(ctx, err); !errors.Is(err, errStopping) {
			logSessionFailed(c.ip, 0, err)
		}
	case first[0] != 0: // a frame begins with a 0, a line of text does not
		s.echo(ctx, c)
	default:
		session := &session{
			server:  s,
			conn:    c,
			cancel:  cancel,
			frames:  protocol.NewReader(c.stream),
			replies: make(chan reply, maxReplies),
		}
		session.run(ctx)
	}
}

// run speaks with the agency. After an ERROR it discards for a moment what the peer
// still sends, so that the peer can read the ERROR.
func (s *session) run(ctx context.Context) {
	replier := &replier{session: s}
	if err := s.hello(ctx); err != nil {
		replier.end(err)
	} else {
		s.upload(ctx, replier)
	}
	s.server.stats.end(replier.reason)
	if replier.failure != nil {
		logSessionFailed(s.conn.ip, s.agency, replier.failure)
	}
	if replier.errorSent {
		s.server.slots.offer(s.conn.slot)
		s.conn.Drain(drainTimeout)
	} else if replier.failure == nil {
		s.conn.farewell()
	}
}

// hello reads and checks the HELLO. The caller ends the session with its error.
func (s *session) hello(ctx context.Context) error {
	if s.server.options.Identity != nil && s.conn.secured == nil {
		return protocolError(protocol.StatusUnauthorized, errInClear)
	}
	kind, payload, err := s.frames.Next()
	if err != nil {
		return s.readFailure(ctx, err)
	}
	var hello protocol.Hello
	if kind != protocol.TypeHello {
		return violation("%v before HELLO", kind)
	}
	if err := hello.Decode(payload); err != nil {
		return violation("%w", err)
	}
	s.agency = hello.Agency
	unauthorized := s.conn.mayBe(s.agency)
	switch {
	case hello.Version != protocol.Version:
		return protocolError(protocol.StatusVersion, fmt.Errorf("%d, expected %d", hello.Version, protocol.Version))
	case !s.server.hellos.allow(s.conn.ip):
		s.server.stats.hellosLimited.Add(1)
		return protocolError(protocol.StatusBusy, errTooManyHellos)
	case unauthorized != nil:
		return protocolError(protocol.StatusUnauthorized, unauthorized)
	case !s.server.central.Expects(s.agency):
		return protocolError(protocol.StatusUnexpected, fmt.Errorf("agency %d does not take part in this lottery", s.agency))
	case !s.server.slots.keep(s.conn.slot):
		return s.readFailure(ctx, errEvicted)
	}
	return nil
}

// upload makes the session speak for its agency until it ends.
func (s *session) upload(ctx context.Context, replier *replier) {
	superseded := func() { s.cancel(central.ErrSuperseded) }
	claimed, err := s.server.central.Claim(ctx, s.agency, s.conn.number, superseded)
	if err != nil {
		replier.end(s.claimFailure(ctx, err))
		return
	}
	defer claimed.Release()
	s.server.stats.speaks(s.agency, 1)
	defer s.server.stats.speaks(s.agency, -1)
	s.claimed = claimed
	state := claimed.State()
	s.finished = state.Finished || state.Drawn
	logGreeted(s.conn.ip, s.agency, state.Stored)
	replier.stored = state.Stored
	replier.append(&protocol.Welcome{Stored: state.Stored, Sum: state.Sum, Finished: state.Finished, Drawn: state.Drawn})
	replier.flush()
	go s.read(ctx)
	replier.completeAll(ctx)
}

// claimFailure returns why the session does not speak for its agency. It returns a
// *protocol.Error if the peer must be told.
func (s *session) claimFailure(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return s.readFailure(ctx, nil)
	case errors.Is(err, central.ErrSuperseded):
		return protocolError(protocol.StatusSuperseded, err)
	case errors.Is(err, central.ErrUnavailable):
		return protocolError(protocol.StatusBusy, err)
	}
	return fmt.Errorf("claim the agency: %w", err)
}

// read reads frames and passes the reply to each to the replier, until one ends the
// session. Then it closes the channel of replies, which ends the replier.
func (s *session) read(ctx context.Context) {
	defer close(s.replies)
	for {
		if s.finished {
			s.conn.ArmRead(0) // the draw may take long
		} else {
			s.conn.ArmRead(s.server.options.IdleTimeout)
		}
		kind, payload, err := s.frames.Next()
		var next reply
		if err == nil {
			next, err = s.receive(kind, payload)
		} else {
			next, err = endWith(s.readFailure(ctx, err))
		}
		if err != nil {
			s.cancel(err) // wakes a queryReply that waits for the draw
		}
		s.replies <- next
		if err != nil {
			return
		}
	}
}

// readFailure returns why the session reads no more: the cause of its context if that
// has ended, otherwise the failure err of a read. It returns a *protocol.Error if the
// peer must be told.
func (s *session) readFailure(ctx context.Context, err error) error {
	switch ended := context.Cause(ctx); {
	case errors.Is(ended, central.ErrSuperseded):
		return protocolError(protocol.StatusSuperseded, ended)
	case errors.Is(ended, errStopping):
		return protocolError(protocol.StatusStopping, ended)
	case ended != nil:
		return ended
	case errors.Is(err, protocol.ErrMalformed):
		return violation("%w", err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errors.New("the peer was silent for too long")
	case errors.Is(err, io.EOF):
		return errPeerGone
	}
	return fmt.Errorf("read a frame: %w", reason.Of(err))
}

// cause returns why a context ended, or err if it has not ended. It is errStopping if
// the server is being stopped. Look once: the context may end between two looks.
func cause(ctx context.Context, err error) error {
	if ended := context.Cause(ctx); ended != nil {
		return ended
	}
	return err
}
