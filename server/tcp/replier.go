package tcp

import (
	"context"
	"errors"
	"fmt"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
)

// reply is what an agency gets for a frame.
type reply interface {
	// give waits for what the reply depends on, logs it and queues it for
	// the peer. If it fails the session is over: the peer is told, if the
	// error is a *protocol.Error.
	give(ctx context.Context, r *replier) error
}

// settler is a reply whose outcome must be waited for and logged also when the
// peer can no longer be told.
type settler interface {
	settle(r *replier) error
}

// replier gives a session's replies, strictly in order: so an acknowledgement
// follows its bets' storage and log line, a notification is weighed after all
// batches before it, and a refusal comes after all acknowledgements.
type replier struct {
	*session
	unlogged []int          // sizes of batches that are stored
	out      []byte         // frames not written yet
	stored   lottery.Offset // what the peer was told, or will be by the next ACK
	due      bool           // that ACK is not in out yet, for a later one may replace it
	failure  error          // why the session is over, if it failed
	over     bool           // the peer gets no more replies
	refused  bool           // the peer was told so
}

// run gives replies until the queue is closed.
func (r *replier) run(ctx context.Context) {
	for reply := range r.replies {
		if r.over {
			if pending, ok := reply.(settler); ok {
				_ = pending.settle(r) // it has logged its failure
			}
		} else if err := reply.give(ctx, r); err != nil {
			r.end(err)
		}
		if len(r.replies) == 0 {
			r.flush()
		}
	}
}

// logStored logs the batches that are stored. It is called before they are
// acknowledged, and before anything that is logged of what came after them.
func (r *replier) logStored() {
	if len(r.unlogged) > 0 {
		logBatchesStored(r.agency, r.unlogged...)
		r.unlogged = r.unlogged[:0]
	}
}

// queue puts a message behind those that wait to be written.
func (r *replier) queue(m protocol.Message) {
	r.queueAck()
	frame, err := protocol.AppendFrame(r.out, m)
	if err != nil {
		r.end(err)
		return
	}
	r.out = frame
}

// ack makes an acknowledgement due, of all bets up to the given number or to
// what the peer knows already.
func (r *replier) ack(stored lottery.Offset) { r.stored, r.due = max(r.stored, stored), true }

// queueAck queues the acknowledgement that is due.
func (r *replier) queueAck() {
	r.logStored()
	if r.due {
		r.out, _ = protocol.AppendFrame(r.out, &protocol.Ack{Stored: uint64(r.stored)}) // has a fixed size
		r.due = false
	}
}

// flush writes what is queued. It is called before anything that may take
// long, and when no reply is due.
func (r *replier) flush() {
	r.queueAck()
	if len(r.out) == 0 {
		return
	}
	_, err := r.conn.Write(r.out)
	r.out = r.out[:0]
	if err != nil && !r.over {
		r.end(fmt.Errorf("write to the agency: %w", err))
	}
}

// end makes the session be over and tells the peer why, if the reason is
// something to tell. The first reason counts.
func (r *replier) end(reason error) {
	if r.over {
		return
	}
	r.over = true
	var message *protocol.Error
	if errors.As(reason, &message) {
		r.queue(message)
		r.flush()
		r.refused = true
	}
	stopped := r.refused && message.Status == protocol.StatusStopping
	if !stopped && !errors.Is(reason, errOver) && !errors.Is(reason, errPeerGone) {
		r.failure = reason
	}
	r.cancel(reason)
}

// batchReply acknowledges a batch.
type batchReply struct {
	commit *store.Commit
	offset uint64
	count  int
}

func (b batchReply) give(_ context.Context, r *replier) error {
	if !b.commit.Ready() {
		r.flush()
	}
	if err := b.settle(r); err != nil {
		return err
	}
	r.ack(b.commit.End())
	return nil
}

func (b batchReply) settle(r *replier) error {
	if err := b.commit.Wait(); err != nil {
		r.logStored()
		logBatchRefused(r.agency, b.count, err)
		return storageFailed(err, b.offset, b.count)
	}
	if stored := b.commit.Stored(); stored > 0 {
		r.unlogged = append(r.unlogged, stored)
	} else {
		r.logStored()
		logBatchRepeated(r.agency, b.count)
	}
	return nil
}

// betReply acknowledges a single bet.
type betReply struct {
	commit   *store.Commit
	offset   uint64
	document string
	number   int64
}

func (b betReply) give(_ context.Context, r *replier) error {
	if err := b.settle(r); err != nil {
		return err
	}
	r.ack(b.commit.End())
	return nil
}

func (b betReply) settle(r *replier) error {
	r.logStored()
	if err := b.commit.Wait(); err != nil {
		logBetRefused(b.document, b.number, err)
		return storageFailed(err, b.offset, 1)
	}
	if b.commit.Stored() > 0 {
		logBetStored(b.document, b.number)
	} else {
		logBatchRepeated(r.agency, 1)
	}
	return nil
}

func storageFailed(err error, offset uint64, count int) error {
	r := refusal(protocol.StatusStorageFailed, "%v", err)
	r.Offset, r.Count = offset, uint16(count)
	return r
}

// finishedReply weighs a notification.
type finishedReply struct{ total lottery.Offset }

func (f finishedReply) give(_ context.Context, r *replier) error {
	r.logStored()
	stored := r.server.store.State(r.agency).Bets
	arrived := func(missing int) { logFinished(r.agency, f.total, missing) }
	switch err := r.server.draw.Finish(r.agency, f.total, stored, arrived); {
	case errors.Is(err, lottery.ErrTotal):
		return refusal(protocol.StatusMismatch, "%v", err)
	case err != nil:
		return refusal(protocol.StatusStorageFailed, "%v", err)
	}
	r.queue(&protocol.Registered{})
	return nil
}

// queryReply waits for the draw and gives its winners to the agency.
type queryReply struct{}

func (queryReply) give(ctx context.Context, r *replier) error {
	r.flush()
	winners, err := r.server.draw.Winners(ctx, r.agency)
	switch {
	case err != nil && ctx.Err() != nil:
		return r.readFailure(ctx, err)
	case err != nil:
		return refusal(protocol.StatusStorageFailed, "%v", err)
	}
	if r.out, err = protocol.AppendWinners(r.out, winners); err != nil {
		return refusal(protocol.StatusStorageFailed, "%v", err)
	}
	r.flush()
	if !r.over {
		logWinnersSent(r.agency, len(winners))
	}
	return errOver
}

// refused ends the session. Bets that it refuses are logged.
type refused struct {
	reason error
	what   reply // of these bets, never given; nil if there are none
}

func (f refused) give(_ context.Context, r *replier) error { return f.settle(r) }

func (f refused) settle(r *replier) error {
	r.logStored()
	switch bets := f.what.(type) {
	case batchReply:
		logBatchRefused(r.agency, bets.count, f.reason)
	case betReply:
		logBetRefused(bets.document, bets.number, f.reason)
	}
	return f.reason
}
