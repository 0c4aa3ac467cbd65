package agency

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// windowSize is how many batches may be sent and not acknowledged. So many keep the
// connection busy during a network round trip and an fsync of the central. More
// would only wait in the central's queue.
const windowSize = 128

// sendWindow keeps track of the batches that were sent and not acknowledged.
type sendWindow struct {
	arm   func(time.Duration) // bounds the wait for the next reply; 0 = no bound
	freed chan struct{}       // capacity 1; receives a value at each acknowledgement

	mu       sync.Mutex
	ends     []lottery.Offset // where each batch ends, the oldest first
	acked    lottery.Offset   // acknowledgements are cumulative
	sent     lottery.Offset
	finished bool // FINISHED was sent
}

func newSendWindow(start lottery.Offset, arm func(time.Duration)) *sendWindow {
	return &sendWindow{arm: arm, freed: make(chan struct{}, 1), acked: start, sent: start}
}

// full tells whether no further batch may be sent.
func (w *sendWindow) full() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.ends) >= windowSize
}

// acknowledged tells how many bets are acknowledged.
func (w *sendWindow) acknowledged() lottery.Offset {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.acked
}

// add notes that a batch up to the offset end is being sent.
func (w *sendWindow) add(end lottery.Offset) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ends) == 0 {
		w.arm(replyTimeout) // else the timeout runs already
	}
	w.ends = append(w.ends, end)
	w.sent = end
}

// waitForRoom waits while the window is full. It fails with the context's cause.
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

// finish notes that FINISHED is being sent.
func (w *sendWindow) finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.finished = true
	w.arm(replyTimeout)
}

// registered is called for REGISTERED. It removes the timeout of the next reply,
// because the draw has none. It fails if FINISHED was not sent, or if bets are not
// acknowledged.
func (w *sendWindow) registered() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.finished || w.acked < w.sent {
		return fmt.Errorf("the central took the agency to have finished, with %d of %d bets acknowledged", w.acked, w.sent)
	}
	w.arm(0)
	return nil
}

// expect bounds the wait for the next reply.
func (w *sendWindow) expect() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.arm(replyTimeout)
}

// acknowledge notes an acknowledgement and tells whether it acknowledged anything
// new. It fails if stored is less than before, or more than was sent.
func (w *sendWindow) acknowledge(stored lottery.Offset) (progress bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if stored < w.acked || stored > w.sent {
		return false, fmt.Errorf("the central acknowledged %d bets, between %d and %d are due", stored, w.acked, w.sent)
	}
	progress = stored > w.acked
	w.acked = stored
	n := 0
	for n < len(w.ends) && w.ends[n] <= stored {
		n++
	}
	w.ends = w.ends[:copy(w.ends, w.ends[n:])]
	if len(w.ends) == 0 && !w.finished {
		w.arm(0) // nothing is due until the next batch
	} else {
		w.arm(replyTimeout)
	}
	select {
	case w.freed <- struct{}{}:
	default:
	}
	return progress, nil
}
