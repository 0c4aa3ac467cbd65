package central

import (
	"context"
	"sync"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// Takeovers ensures that only one session at a time speaks for an agency: the
// newest. The implementations of Central use it. The zero value is ready to use.
type Takeovers struct {
	mu     sync.Mutex
	latest map[lottery.AgencyID]*claim
}

// claim is a session's right to speak for an agency.
type claim struct {
	number     uint64        // of the connection: the newest has the highest
	superseded func()        // tells the session that a newer one has come
	ended      chan struct{} // closed when the session is released
}

// Claim makes the caller's session speak for the agency. It supersedes the older session,
// and waits until that session is released. The caller calls release after it has waited
// for all its commits.
//
// Claim fails with ErrSuperseded if a newer session speaks for the agency already. This
// happens if an agency leaves a connection and its next one is faster. Claim fails with
// ctx's cause if ctx ends first.
func (t *Takeovers) Claim(ctx context.Context, id lottery.AgencyID, number uint64, superseded func()) (release func(), err error) {
	mine := &claim{number: number, superseded: superseded, ended: make(chan struct{})}
	t.mu.Lock()
	if t.latest == nil {
		t.latest = make(map[lottery.AgencyID]*claim)
	}
	before := t.latest[id]
	if before != nil && before.number > number {
		t.mu.Unlock()
		return nil, ErrSuperseded
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
		// A third session may wait for this claim. It must also wait until the
		// first session is released.
		go func() {
			<-before.ended
			end()
		}()
		return nil, context.Cause(ctx)
	}
}
