package agency

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// windowSize is how many batches may be sent and not acknowledged. This number keeps
// the connection busy during a network round trip and an fsync of the central, also where
// the central waits for the disks of other machines: with 128, three centrals over NATS
// store a fifth less. More batches would only wait in the central's queue.
const windowSize = 512

// sendWindow keeps track of the batches that were sent and not acknowledged.
type sendWindow struct {
	limitWait func(time.Duration) // sets the time limit for the next reply; 0 = no limit
	freed     chan struct{}       // capacity 1; receives a value at each acknowledgement

	mu       sync.Mutex       // guards what follows
	ends     []lottery.Offset // the offset after each batch, the oldest batch first
	acked    lottery.Offset   // how many bets are acknowledged: acknowledgements are cumulative
	sent     lottery.Offset   // how many bets were sent
	finished bool             // FINISHED was sent
}

// newSendWindow returns an empty window. start is how many bets are stored already.
func newSendWindow(start lottery.Offset, limitWait func(time.Duration)) *sendWindow {
	return &sendWindow{limitWait: limitWait, freed: make(chan struct{}, 1), acked: start, sent: start}
}

// full returns whether no further batch may be sent.
func (w *sendWindow) full() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.ends) >= windowSize
}

// acknowledged returns how many bets are acknowledged.
func (w *sendWindow) acknowledged() lottery.Offset {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.acked
}

// add records that a batch is sent. end is the offset after its last bet.
func (w *sendWindow) add(end lottery.Offset) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ends) == 0 {
		w.limitWait(replyTimeout) // otherwise the time limit runs already
	}
	w.ends = append(w.ends, end)
	w.sent = end
}

// waitForRoom waits while the window is full. If the context ends, it fails with the
// context's cause.
func (w *sendWindow) waitForRoom(ctx context.Context) error {
	for w.full() {
		select {
		case <-w.freed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// finish records that FINISHED is sent.
func (w *sendWindow) finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.finished = true
	w.limitWait(replyTimeout)
}

// confirmFinished is called for REGISTERED. It fails if FINISHED was not sent, or if
// bets are not acknowledged. The next reply comes after the draw, so the wait for it
// has no limit.
func (w *sendWindow) confirmFinished() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.finished || w.acked < w.sent {
		return fmt.Errorf("the central took the agency to have finished, with %d of %d bets acknowledged", w.acked, w.sent)
	}
	w.limitWait(0)
	return nil
}

// expectReply limits the wait for the next reply.
func (w *sendWindow) expectReply() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limitWait(replyTimeout)
}

// acknowledge records that the central has acknowledged the first stored bets. It
// returns whether any of them is newly acknowledged. It fails if stored is less than
// before, or more than was sent.
func (w *sendWindow) acknowledge(stored lottery.Offset) (anyNew bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if stored < w.acked || stored > w.sent {
		return false, fmt.Errorf("the central acknowledged %d bets, expected %d to %d", stored, w.acked, w.sent)
	}
	anyNew = stored > w.acked
	w.acked = stored
	n := 0
	for n < len(w.ends) && w.ends[n] <= stored {
		n++
	}
	w.ends = w.ends[:copy(w.ends, w.ends[n:])]
	if len(w.ends) == 0 && !w.finished {
		w.limitWait(0) // until the next batch there is no reply to wait for
	} else {
		w.limitWait(replyTimeout)
	}
	select {
	case w.freed <- struct{}{}:
	default:
	}
	return anyNew, nil
}
