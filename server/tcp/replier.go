package tcp

import (
	"context"
	"errors"
	"fmt"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/reason"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// reply is the pending answer to one frame.
type reply interface {
	// complete waits for what the reply depends on, logs the outcome, and
	// appends the reply to what is written to the peer. When the session is over it only waits and
	// logs. An error ends the session; a *protocol.Error is sent to the peer.
	complete(ctx context.Context, r *replier) error
}

// replier completes the replies of a session in the order of the frames. Therefore
// an acknowledgement comes after its bets are stored and logged, a FINISHED is
// checked after all batches before it are stored, and an ERROR comes after all
// acknowledgements.
type replier struct {
	*session
	out        []byte         // frames not written yet
	stored     lottery.Offset // the count of the last WELCOME or ACK, or of the next ACK
	ackPending bool           // an ACK for stored must still be put into out
	reason     error          // why the session is over
	failure    error          // the reason, if the session failed
	over       bool           // the peer gets no more replies
	errorSent  bool           // an ERROR was sent
}

// completeAll completes replies until the channel of replies is closed.
func (r *replier) completeAll(ctx context.Context) {
	for next := range r.replies {
		if err := next.complete(ctx, r); err != nil {
			r.end(err)
		}
		if len(r.replies) == 0 {
			r.flush()
		}
	}
}

// append puts a message after those that wait to be written.
func (r *replier) append(m protocol.Message) {
	r.appendAck()
	frame, err := protocol.AppendFrame(r.out, m)
	if err != nil {
		r.end(err)
		return
	}
	r.out = frame
}

// ack notes that the next ACK says stored. The count that ACKs say never goes back.
func (r *replier) ack(stored lottery.Offset) {
	if !r.over {
		r.stored, r.ackPending = max(r.stored, stored), true
	}
}

// appendAck puts the pending acknowledgement there, if there is one.
func (r *replier) appendAck() {
	if r.ackPending {
		r.out, _ = protocol.AppendFrame(r.out, &protocol.Ack{Stored: r.stored}) // cannot fail: its size is fixed
		r.ackPending = false
	}
}

// flush writes the frames that wait. The replier calls it before a step that may take long,
// and when no reply waits.
func (r *replier) flush() {
	r.appendAck()
	if len(r.out) == 0 {
		return
	}
	_, err := r.conn.Write(r.out)
	r.out = r.out[:0]
	if err != nil && !r.over {
		r.end(fmt.Errorf("write to the agency: %w", reason.Of(err)))
	}
}

// end ends the session; only its first call counts. If the reason is a
// *protocol.Error, it is sent to the peer.
func (r *replier) end(reason error) {
	if r.over {
		return
	}
	r.over, r.reason = true, reason
	var message *protocol.Error
	if errors.As(reason, &message) {
		r.append(message)
		r.flush()
		r.errorSent = true
	}
	stopped := r.errorSent && message.Status == protocol.StatusStopping
	if !stopped && !errors.Is(reason, errOver) && !errors.Is(reason, errPeerGone) {
		r.failure = reason
	}
	r.cancel(reason)
}

// batchReply acknowledges the bets of a BATCH, or the one of a BET.
type batchReply struct {
	offset  lottery.Offset
	count   int
	single  *lottery.Bet   // set only for a BET
	commit  central.Commit // nil if there is a failure
	failure error          // why the central did not take the bets
}

func (b batchReply) complete(_ context.Context, r *replier) error {
	if b.failure != nil {
		return b.fail(r, b.failure)
	}
	if !b.commit.Ready() {
		r.flush() // the ACKs of earlier batches do not wait for this one
	}
	if err := b.commit.Wait(); err != nil {
		return b.fail(r, centralFailure(err))
	}
	b.logStored(r)
	r.ack(b.commit.End())
	return nil
}

// fail logs why the bets are not stored, and writes into the ERROR which bets these are.
// If it is unknown whether they are stored, fail logs nothing: run logs the failure of the
// session.
func (b batchReply) fail(r *replier, reason error) error {
	if errors.Is(reason, central.ErrUnknown) {
		return reason
	}
	r.server.stats.refused.Add(1)
	if b.single != nil {
		logBetFailed(b.single.Document, b.single.Number, reason)
	} else {
		logBatchFailed(r.agency, b.count, reason)
	}
	var message *protocol.Error
	if errors.As(reason, &message) {
		message.Offset, message.Count = b.offset, uint16(b.count)
	}
	return reason
}

func (b batchReply) logStored(r *replier) {
	fresh := b.commit.Fresh()
	if fresh == 0 {
		r.server.stats.repeated.Add(1)
		logBatchRepeated(r.agency, b.count)
		return
	}
	r.server.stats.stored.Add(1)
	if b.single != nil {
		logBetStored(b.single.Document, b.single.Number)
	} else {
		logBatchStored(r.agency, fresh)
	}
}

// finishedReply checks a FINISHED.
type finishedReply struct{ total lottery.Offset }

func (f finishedReply) complete(_ context.Context, r *replier) error {
	if r.over {
		return nil // the session is over, so FINISHED is ignored
	}
	arrived := func(missing int) { logFinished(r.agency, f.total, missing) }
	switch err := r.claimed.Finish(f.total, arrived); {
	case errors.Is(err, central.ErrTotal):
		return protocolError(protocol.StatusMismatch, err)
	case err != nil:
		return centralFailure(err)
	}
	r.append(&protocol.Registered{})
	return nil
}

// queryReply waits for the draw and sends the agency its winners.
type queryReply struct{}

func (queryReply) complete(ctx context.Context, r *replier) error {
	if r.over {
		return nil
	}
	if r.flush(); r.over {
		return nil // nothing may follow a frame that was cut
	}
	winners, err := r.claimed.Winners(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return r.readFailure(ctx, err)
	case err != nil: // the central has ended the session
		return centralFailure(err)
	}
	if r.out, err = protocol.AppendWinners(r.out, winners); err != nil {
		return storageFailed(err)
	}
	r.flush()
	if !r.over {
		logWinnersSent(r.agency, len(winners))
		r.server.stats.winnersSent(r.agency)
	}
	return errOver
}

// endReply ends the session.
type endReply struct{ reason error }

func (e endReply) complete(context.Context, *replier) error { return e.reason }
