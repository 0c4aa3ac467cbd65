package embedded

import (
	"context"
	"sync"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// takeovers ensures that only one session at a time speaks for an agency: the
// newest. The zero value is ready to use.
type takeovers struct {
	mu     sync.Mutex
	latest map[lottery.AgencyID]*claim
}

// claim is a session's right to speak for an agency.
type claim struct {
	order      uint64        // of the session: the highest is the newest
	superseded func()        // tells the session that a newer one has come
	ended      chan struct{} // closed when the session is released
}

// claim makes the caller speak for the agency. It supersedes the session before it,
// and waits until that one is released. The caller calls release when all its own
// commits are waited for.
//
// It fails with central.ErrSuperseded if a newer session speaks for the agency
// already: the claim of a connection that was abandoned may come after that of its
// successor. It fails with ctx's cause if ctx ends first.
func (t *takeovers) claim(ctx context.Context, id lottery.AgencyID, order uint64, superseded func()) (release func(), err error) {
	mine := &claim{order: order, superseded: superseded, ended: make(chan struct{})}
	t.mu.Lock()
	if t.latest == nil {
		t.latest = make(map[lottery.AgencyID]*claim)
	}
	before := t.latest[id]
	if before != nil && before.order > order {
		t.mu.Unlock()
		return nil, central.ErrSuperseded
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
		return end, nil
	}
	before.superseded()
	select {
	case <-before.ended:
		return end, nil
	case <-ctx.Done():
		// A third session may wait for this claim only. It must not go on
		// before the first is released.
		go func() {
			<-before.ended
			end()
		}()
		return nil, context.Cause(ctx)
	}
}
