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

// takeovers sees to it that one connection at a time speaks for an agency: the
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
// waits until what that one had queued is durable or refused; that takes no peer's
// help. The caller calls release when it has settled all its own.
//
// If a newer connection speaks for the agency already, claim returns false: the
// HELLO of a connection that was abandoned may be read after that of its
// successor.
func (t *takeovers) claim(id lottery.AgencyID, number uint64, cancel context.CancelCauseFunc) (release func(), ok bool) {
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
	if before != nil {
		before.cancel(errSuperseded)
		// The wait goes on even if a third connection has superseded this one
		// meanwhile, for that one waits for this one only.
		<-before.ended
	}
	return func() {
		t.mu.Lock()
		if t.latest[id] == mine {
			delete(t.latest, id)
		}
		t.mu.Unlock()
		close(mine.ended)
	}, true
}
