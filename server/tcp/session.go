package tcp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/reason"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// window is how many replies may be pending. When there are so many, the session
// stops reading until the oldest is complete.
const window = 128

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
	claimed central.Session // set once the connection speaks for the agency

	// Of the goroutine that reads:
	finished bool           // no more bets are accepted
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
	case errors.Is(err, io.EOF) || err != nil && stopping(ctx):
	case err != nil:
		logSessionFailed(c.ip, 0, cause(ctx, err))
	case first[0] != 0: // a frame begins with a 0, a line of text does not
		s.echo(ctx, c)
	default:
		session := &session{
			server:  s,
			conn:    c,
			cancel:  cancel,
			frames:  protocol.NewReader(c.stream),
			replies: make(chan reply, window),
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
		s.server.stats.hellos.Add(1)
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
	replier.queue(&protocol.Welcome{Stored: state.Stored, Sum: state.Sum, Finished: state.Finished, Drawn: state.Drawn})
	replier.flush()
	go s.read(ctx)
	replier.run(ctx)
}

// claimFailure tells why the session does not speak for its agency. It is a
// *protocol.Error if the peer shall be told.
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

// read reads frames and queues the reply to each, until one ends the session. It
// closes the queue.
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

// readFailure tells why nothing more can be read. It is a *protocol.Error if the
// peer shall be told.
func (s *session) readFailure(ctx context.Context, err error) error {
	switch reason := context.Cause(ctx); {
	case errors.Is(reason, central.ErrSuperseded):
		return protocolError(protocol.StatusSuperseded, reason)
	case stopping(ctx):
		return protocolError(protocol.StatusStopping, reason)
	case reason != nil:
		return reason
	case errors.Is(err, protocol.ErrMalformed):
		return violation("%w", err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errors.New("the peer was silent for too long")
	case errors.Is(err, io.EOF):
		return errPeerGone
	}
	return fmt.Errorf("read a frame: %w", reason.Of(err))
}

// batches are shared by all sessions: a decoded batch is needed only until its
// rows are queued.
var batches = sync.Pool{New: func() any { return new(protocol.Batch) }}

// receive takes one frame and returns its reply. If it returns an error too, the
// reply is the session's last, and tells the peer why the session ends.
func (s *session) receive(kind protocol.Type, payload []byte) (reply, error) {
	switch {
	case s.queried:
		return endWith(violation("%v after QUERY", kind))
	case kind == protocol.TypeBatch:
		batch := batches.Get().(*protocol.Batch)
		defer batches.Put(batch)
		if err := batch.Decode(payload); err != nil {
			return endWith(violation("%w", err))
		}
		return s.store(batchReply{offset: batch.Offset, count: len(batch.Bets)}, batch.Bets, batch.Records)
	case kind == protocol.TypeBet:
		var single protocol.Single
		if err := single.Decode(payload); err != nil {
			return endWith(violation("%w", err))
		}
		return s.store(batchReply{offset: single.Offset, count: 1, single: &single.Bet}, []lottery.Bet{single.Bet}, single.Record)
	case kind == protocol.TypeFinished:
		var finished protocol.Finished
		if err := finished.Decode(payload); err != nil {
			return endWith(violation("%w", err))
		}
		s.finished = true
		return finishedReply{total: finished.Total}, nil
	case kind == protocol.TypeQuery:
		if err := new(protocol.Query).Decode(payload); err != nil {
			return endWith(violation("%w", err))
		}
		if !s.finished {
			return endWith(violation("QUERY before FINISHED"))
		}
		s.queried = true
		return queryReply{}, nil
	}
	return endWith(violation("unexpected %v", kind))
}

// endWith returns a reply that ends the session, and the reason for it.
func endWith(reason error) (reply, error) { return endReply{reason}, reason }

// store queues the bets of a batch for storage and returns the batch's reply.
func (s *session) store(batch batchReply, bets []lottery.Bet, records []byte) (reply, error) {
	for i := range bets {
		bets[i].Agency = s.agency
	}
	batch.commit, batch.failure = s.queue(batch.offset, bets, records)
	if batch.failure == nil {
		s.queued = max(s.queued, batch.commit.End())
	}
	return batch, batch.failure
}

// queue queues bets in the central. Its error is the one that ends the session.
func (s *session) queue(offset lottery.Offset, bets []lottery.Bet, records []byte) (central.Commit, error) {
	if s.finished {
		return nil, protocolError(protocol.StatusClosed, errors.New("the agency has finished"))
	}
	if s.exceeds(offset, len(bets)) {
		s.server.stats.bets.Add(uint64(len(bets)))
		return nil, protocolError(protocol.StatusLimit, fmt.Errorf("%d bets at most are stored of an agency", s.server.options.MaxBets))
	}
	commit, err := s.claimed.StoreBets(offset, bets, records)
	switch {
	case errors.Is(err, central.ErrGap) && offset <= s.queued:
		// The peer left no gap: an earlier batch of this session was not
		// stored. The reply to that batch tells the peer.
		return nil, protocolError(protocol.StatusStorageFailed, errBatchBefore)
	case errors.Is(err, central.ErrGap):
		return nil, violation("%w", err)
	case errors.Is(err, lottery.ErrInvalidBet):
		return nil, protocolError(protocol.StatusInvalidBet, err)
	case err != nil:
		return nil, centralFailure(err)
	}
	return commit, nil
}

// exceeds returns whether the bets are more than an agency may have, and not stored
// already.
func (s *session) exceeds(offset lottery.Offset, count int) bool {
	most := lottery.Offset(s.server.options.MaxBets)
	if most == 0 || offset <= most && lottery.Offset(count) <= most-offset {
		return false
	}
	stored := s.claimed.State().Stored
	return offset > stored || lottery.Offset(count) > stored-offset
}

// stopping tells whether the context ended because the server is being
// stopped.
func stopping(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errStopping) }

// cause is why a context ended, or err if it has not.
func cause(ctx context.Context, err error) error {
	if reason := context.Cause(ctx); reason != nil {
		return reason
	}
	return err
}
