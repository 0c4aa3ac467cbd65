package tcp

import (
	"context"
	"errors"
	"sync"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
)

// errSuperseded is why a session ends when a newer connection speaks for its
// agency.
var errSuperseded = errors.New("a newer connection speaks for this agency")

// tenancies sees to it that one connection at a time speaks for an agency: the
// newest. The zero value is ready to use.
type tenancies struct {
	mu     sync.Mutex
	latest map[lottery.AgencyID]*tenancy
}

type tenancy struct {
	number uint64 // of the connection, in the order in which they came
	cancel context.CancelCauseFunc
	ended  chan struct{}
}

// claim makes the caller speak for the agency. It ends whoever did so before
// and waits until what that one had queued is durable or refused; that takes
// no peer's help. The caller calls release when it has settled all its own.
//
// If a newer connection speaks for the agency already, claim returns false:
// the HELLO of one that was abandoned may be read after that of its successor.
func (t *tenancies) claim(id lottery.AgencyID, number uint64, cancel context.CancelCauseFunc) (release func(), ok bool) {
	mine := &tenancy{number: number, cancel: cancel, ended: make(chan struct{})}
	t.mu.Lock()
	if t.latest == nil {
		t.latest = make(map[lottery.AgencyID]*tenancy)
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
		// Waited for even if a third has superseded us meanwhile, for
		// that one waits for us only.
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
