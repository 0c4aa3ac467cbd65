package agency

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// window is how many batches may be sent and not acknowledged. It hides the
// time that the network and the disk take: while the central syncs what has
// gathered, as much again gathers. More would only queue up.
const window = 128

// flight keeps track of the batches that were sent and not acknowledged.
type flight struct {
	arm   func(time.Duration) // bounds the wait for the next reply; 0 = no bound
	freed chan struct{}       // has room for one: something was acknowledged

	mu    sync.Mutex
	ends  []uint64 // where each batch ends, the oldest first
	acked uint64   // acknowledgements are cumulative
	sent  uint64
	last  bool // FINISHED is on its way
}

func newFlight(start uint64, arm func(time.Duration)) *flight {
	return &flight{arm: arm, freed: make(chan struct{}, 1), acked: start, sent: start}
}

// full tells whether the window is.
func (f *flight) full() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.ends) >= window
}

// add notes that a batch that ends there is being sent.
func (f *flight) add(end uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.ends) == 0 {
		f.arm(replyTimeout) // else a reply is waited for already
	}
	f.ends = append(f.ends, end)
	f.sent = end
}

// room waits while the window is full. It fails with the context's cause.
func (f *flight) room(ctx context.Context) error {
	for f.full() {
		select {
		case <-f.freed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// finish notes that FINISHED is being sent.
func (f *flight) finish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = true
	f.arm(replyTimeout)
}

// land notes that the central knows that the agency has finished. What comes
// next, the draw, may be long in coming. It fails if the central cannot know.
func (f *flight) land() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.last || f.acked < f.sent {
		return fmt.Errorf("the central took the agency to have finished, with %d of %d bets acknowledged", f.acked, f.sent)
	}
	f.arm(0)
	return nil
}

// ack notes an acknowledgement and tells whether it acknowledged anything new.
// It fails for one that cannot be.
func (f *flight) ack(stored uint64) (progress bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if stored < f.acked || stored > f.sent {
		return false, fmt.Errorf("the central acknowledged %d bets, between %d and %d are due", stored, f.acked, f.sent)
	}
	progress = stored > f.acked
	f.acked = stored
	n := 0
	for n < len(f.ends) && f.ends[n] <= stored {
		n++
	}
	f.ends = f.ends[:copy(f.ends, f.ends[n:])]
	if len(f.ends) == 0 && !f.last {
		f.arm(0) // nothing is due until the next batch
	} else {
		f.arm(replyTimeout)
	}
	select {
	case f.freed <- struct{}{}:
	default:
	}
	return progress, nil
}
