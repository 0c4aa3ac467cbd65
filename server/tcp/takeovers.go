package tcp

import (
	"context"
	"errors"
	"sync"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// errSuperseded is why a session ends when a newer connection speaks for its
// agency.
var errSuperseded = errors.New("a newer connection speaks for this agency")

// takeovers ensures that only one connection at a time speaks for an agency: the
// newest. The zero value is ready to use.
type takeovers struct {
	mu     sync.Mutex
	latest map[lottery.AgencyID]*claim
}

// claim is a connection's right to speak for an agency.
type claim struct {
	number uint64 // of the connection, in the order in which they came
	cancel context.CancelCauseFunc
	ended  chan struct{} // closed when all that the connection had queued is settled
}

// claim makes the caller speak for the agency. It ends whoever did so before and
// waits until what that one had queued is durable or refused, and until its peer was
// told, for which there is a second. The caller calls release when it has settled
// all its own.
//
// It returns false if ctx ends, and if a newer connection speaks for the agency
// already: the HELLO of a connection that was abandoned may be read after that of
// its successor.
func (t *takeovers) claim(ctx context.Context, id lottery.AgencyID, number uint64, cancel context.CancelCauseFunc) (release func(), ok bool) {
	mine := &claim{number: number, cancel: cancel, ended: make(chan struct{})}
	t.mu.Lock()
	if t.latest == nil {
		t.latest = make(map[lottery.AgencyID]*claim)
	}
	before := t.latest[id]
	if before != nil && before.number > number {
		t.mu.Unlock()
		return nil, false
	}
	t.latest[id] = mine
	t.mu.Unlock()
	end := func() {
		t.mu.Lock()
		if t.latest[id] == mine {
			delete(t.latest, id)
		}
		t.mu.Unlock()
		close(mine.ended)
	}
	if before == nil {
		return end, true
	}
	before.cancel(errSuperseded)
	select {
	case <-before.ended:
		return end, true
	case <-ctx.Done():
		// A third connection may wait for this claim only, and must not go on
		// before the first has settled.
		go func() {
			<-before.ended
			end()
		}()
		return nil, false
	}
}
