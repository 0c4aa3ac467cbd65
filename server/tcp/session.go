package tcp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
)

// window is how many replies may be due to a peer. Beyond it the session stops
// reading until the oldest is given.
const window = 128

var (
	errPeerGone    = errors.New("the peer has gone")
	errOver        = errors.New("the session is over")
	errBatchBefore = errors.New("a batch before it was refused")
)

// serve speaks with one connection until it ends.
func (s *Server) serve(ctx context.Context, cancel context.CancelCauseFunc, c *conn, seat *seat) {
	// One deadline for all that says who the peer is.
	c.ArmRead(s.options.HelloTimeout)
	first := make([]byte, 64) // as a rule more than a peer says at first
	n, err := io.ReadAtLeast(c, first, 1)
	if err != nil {
		if !errors.Is(err, io.EOF) && !stopping(ctx) {
			logSessionFailed(c.ip, 0, cause(ctx, err))
		}
		return
	}
	stream := io.MultiReader(bytes.NewReader(first[:n]), c)
	// A frame begins with a 0, for it is shorter than 16 MiB; a line of text
	// does not.
	if first[0] != 0 {
		s.echo(ctx, c, stream)
		return
	}
	session := &session{
		server:  s,
		conn:    c,
		cancel:  cancel,
		frames:  protocol.NewReader(stream),
		replies: make(chan reply, window),
	}
	session.run(ctx, seat)
}

// session is the connection of one agency. The goroutine that runs it reads;
// another gives the replies, in the order of what they reply to.
type session struct {
	server  *Server
	conn    *conn
	cancel  context.CancelCauseFunc
	frames  *protocol.Reader
	replies chan reply
	agency  lottery.AgencyID

	// Of the reading goroutine:
	finished bool           // no more bets are accepted
	queried  bool           // nothing more is accepted
	queued   lottery.Offset // how far the store has taken bets from here
}

// run greets the agency, speaks with it, and listens on for a moment if it was
// refused.
func (s *session) run(ctx context.Context, seat *seat) {
	replier := &replier{session: s}
	if err := s.hello(ctx); err != nil {
		replier.end(err)
	} else {
		s.server.admission.greet(seat)
		s.upload(ctx, replier)
	}
	if replier.failure != nil {
		logSessionFailed(s.conn.ip, s.agency, replier.failure)
	}
	// One that made room does so at once.
	if replier.refused && !errors.Is(context.Cause(ctx), errYielded) {
		s.conn.Drain(drainTimeout)
	}
}

// hello reads the HELLO. What it returns is to be told to the peer.
func (s *session) hello(ctx context.Context) error {
	kind, payload, err := s.frames.Next()
	if err != nil {
		return s.readFailure(ctx, err)
	}
	var hello protocol.Hello
	if kind != protocol.TypeHello {
		return refusal(protocol.StatusViolation, "%v before HELLO", kind)
	}
	if err := hello.Decode(payload); err != nil {
		return refusal(protocol.StatusViolation, "%v", err)
	}
	s.agency = lottery.AgencyID(hello.Agency)
	switch {
	case hello.Version != protocol.Version:
		return refusal(protocol.StatusVersion, "version %d, expected %d", hello.Version, protocol.Version)
	case !s.server.draw.Expects(s.agency):
		return refusal(protocol.StatusUnexpected, "agency %d does not take part in this lottery", s.agency)
	}
	return nil
}

// upload makes the session speak for its agency until it ends.
func (s *session) upload(ctx context.Context, replier *replier) {
	release, ok := s.server.agencies.claim(s.agency, s.conn.number, s.cancel)
	if !ok {
		replier.end(refusal(protocol.StatusSuperseded, "%v", errSuperseded))
		return
	}
	defer release()
	stored := s.server.store.State(s.agency)
	s.finished = s.server.draw.HasFinished(s.agency) || s.server.draw.Held()
	logGreeted(s.conn.ip, s.agency, stored.Bets)
	replier.stored = stored.Bets
	replier.queue(&protocol.Welcome{
		Stored:   uint64(stored.Bets),
		Sum:      stored.Sum,
		Finished: s.server.draw.HasFinished(s.agency),
		Drawn:    s.server.draw.Held(),
	})
	replier.flush()
	go s.read(ctx)
	replier.run(ctx)
}

// read reads frames and queues the reply to each, until one is refused or the
// session ends. It closes the queue.
func (s *session) read(ctx context.Context) {
	defer close(s.replies)
	for {
		if s.finished {
			s.conn.ArmRead(0) // the draw may be long in coming
		} else {
			s.conn.ArmRead(s.server.options.IdleTimeout)
		}
		kind, payload, err := s.frames.Next()
		if err != nil {
			s.refuse(refused{reason: s.readFailure(ctx, err)})
			return
		}
		reply, err := s.receive(kind, payload)
		if err != nil {
			s.refuse(refused{reason: err, what: reply})
			return
		}
		s.replies <- reply
	}
}

// refuse queues the end of the session. A reply that waits for the draw waits
// no longer.
func (s *session) refuse(end refused) {
	s.cancel(end.reason)
	s.replies <- end
}

// readFailure tells why nothing more can be read. If the peer can still be
// told, it is a *protocol.Error.
func (s *session) readFailure(ctx context.Context, err error) error {
	switch reason := context.Cause(ctx); {
	case errors.Is(reason, errSuperseded):
		return refusal(protocol.StatusSuperseded, "%v", reason)
	case stopping(ctx):
		return refusal(protocol.StatusStopping, "%v", reason)
	case errors.Is(reason, errYielded):
		return refusal(protocol.StatusBusy, "%v", reason)
	case reason != nil:
		return reason
	case errors.Is(err, protocol.ErrMalformed):
		return refusal(protocol.StatusViolation, "%v", err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errors.New("the peer was silent for too long")
	case errors.Is(err, io.EOF):
		return errPeerGone
	}
	return fmt.Errorf("read a frame: %w", err)
}

// The bets of a frame are needed for a moment only. A thousand connections share
// the memory for that, so that it stays in the processor's cache.
var (
	batches    = sync.Pool{New: func() any { return new(protocol.Batch) }}
	betBuffers = sync.Pool{New: func() any { return new([]lottery.Bet) }}
)

// receive takes one frame. What it returns as an error is to be told to the
// peer after the replies to all that came before; the reply then tells which
// bets are refused, if any are.
func (s *session) receive(kind protocol.Type, payload []byte) (reply, error) {
	switch {
	case s.queried:
		return nil, refusal(protocol.StatusViolation, "%v after QUERY", kind)
	case kind == protocol.TypeBatch:
		batch := batches.Get().(*protocol.Batch)
		defer batches.Put(batch)
		if err := batch.DecodeInPlace(payload); err != nil {
			return nil, refusal(protocol.StatusViolation, "%v", err)
		}
		commit, err := s.store(batch.Offset, batch.Bets, digestOf(payload, batch.Bets))
		return batchReply{commit: commit, offset: batch.Offset, count: len(batch.Bets)}, err
	case kind == protocol.TypeBet:
		var single protocol.Single
		if err := single.Decode(payload); err != nil {
			return nil, refusal(protocol.StatusViolation, "%v", err)
		}
		commit, err := s.store(single.Offset, []protocol.Bet{single.Bet}, nil)
		return betReply{commit: commit, offset: single.Offset, document: single.Bet.Document, number: single.Bet.Number}, err
	case kind == protocol.TypeFinished:
		var finished protocol.Finished
		if err := finished.Decode(payload); err != nil {
			return nil, refusal(protocol.StatusViolation, "%v", err)
		}
		s.finished = true
		return finishedReply{total: lottery.Offset(finished.Total)}, nil
	case kind == protocol.TypeQuery:
		if err := new(protocol.Query).Decode(payload); err != nil {
			return nil, refusal(protocol.StatusViolation, "%v", err)
		}
		if !s.finished {
			return nil, refusal(protocol.StatusViolation, "QUERY before FINISHED")
		}
		s.queried = true
		return queryReply{}, nil
	}
	return nil, refusal(protocol.StatusViolation, "unexpected %v", kind)
}

// store queues consecutive bets for storage.
func (s *session) store(offset uint64, bets []protocol.Bet, digest store.Digest) (*store.Commit, error) {
	refuse := func(status protocol.Status, err error) error {
		r := refusal(status, "%v", err)
		r.Offset, r.Count = offset, uint16(len(bets))
		return r
	}
	if s.finished {
		return nil, refuse(protocol.StatusClosed, errors.New("the agency has finished"))
	}
	converted := betBuffers.Get().(*[]lottery.Bet)
	defer betBuffers.Put(converted)
	*converted = fromWire(*converted, s.agency, bets)
	commit, err := s.server.store.StoreBets(s.agency, lottery.Offset(offset), *converted, digest)
	switch {
	case errors.Is(err, store.ErrGap) && lottery.Offset(offset) <= s.queued:
		// The peer left no gap. There is one since the store refused what it
		// took from us before, which the replier is about to tell.
		return nil, refuse(protocol.StatusStorageFailed, errBatchBefore)
	case errors.Is(err, store.ErrGap):
		return nil, refuse(protocol.StatusViolation, err)
	case errors.Is(err, lottery.ErrInvalidBet):
		return nil, refuse(protocol.StatusInvalidBet, err)
	case err != nil:
		return nil, refuse(protocol.StatusStorageFailed, err)
	}
	s.queued = max(s.queued, commit.End())
	return commit, nil
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
