package replica

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// claimant waits until the fold has settled its claim.
type claimant struct {
	superseded func()
	settled    chan struct{}
	session    *session // nil if the claim does not count
}

// Claim implements central.Central. The claim expects the session that was current
// when the connection came, or a later one of this central, whose connections come
// one after the other. So if this central is slow, and the agency has meanwhile begun
// a session at another one, the claim is void. The agency is told to try again: it
// may also be that this central does not know the newest session yet.
func (c *Central) Claim(ctx context.Context, id lottery.AgencyID, number uint64, superseded func()) (central.Session, error) {
	superseded = sync.OnceFunc(superseded) // by another central, and by this one
	c.mu.Lock()
	cut, expected := c.isCut(), c.fold.Agency(id).Session
	c.mu.Unlock()
	if cut || !isClosed(c.ready) {
		return nil, fmt.Errorf("%w: %w", central.ErrUnavailable, errCut)
	}
	release, err := c.takeovers.Claim(ctx, id, number, superseded)
	if err != nil {
		return nil, err
	}
	s, err := c.claim(ctx, id, expected, superseded)
	if err != nil {
		release()
		return nil, err
	}
	s.release = release
	return s, nil
}

// claim appends a claim and waits until it is folded.
func (c *Central) claim(ctx context.Context, id lottery.AgencyID, expected SessionNumber, superseded func()) (*session, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("%w: %w", central.ErrUnavailable, errCut))
	defer cancel()
	mine := &claimant{superseded: superseded, settled: make(chan struct{})}
	nonce := c.id + "/" + rand.Text()
	c.mu.Lock()
	expected = max(expected, c.claimed[id])
	c.claims[nonce] = mine
	c.mu.Unlock()
	err := c.repeat(ctx, &Claim{Agency: id, Expected: expected, Nonce: nonce}, mine.settled, c.stopping)
	c.mu.Lock()
	delete(c.claims, nonce)
	s := mine.session
	c.mu.Unlock()
	switch {
	case s != nil:
		return s, nil
	case errors.Is(err, central.ErrUnknown): // the central stops
		return nil, fmt.Errorf("%w: it is unknown whether the claim counts", central.ErrUnavailable)
	case err != nil:
		return nil, err
	}
	return nil, fmt.Errorf("%w: the agency has begun another session", central.ErrUnavailable)
}

// repeat appends an entry until the fold has settled it. It fails with ctx's cause,
// and with ErrUnknown when whoever wants it has ended.
func (c *Central) repeat(ctx context.Context, entry Entry, settled, ended <-chan struct{}) error {
	for !isClosed(settled) {
		again := time.NewTimer(silence)
		acked := c.log.Append(entry)
		for waiting := true; waiting; {
			select {
			case <-settled:
				return nil
			case err := <-acked:
				acked = nil
				if err != nil {
					again.Reset(pause)
				}
			case <-again.C:
				waiting = false
			case <-ended:
				return central.ErrUnknown
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
	return nil
}
