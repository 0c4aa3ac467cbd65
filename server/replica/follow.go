package replica

import (
	"context"
	"fmt"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// follow folds the entries of the log until ctx ends. It fails if the log cannot be
// trusted.
func (c *Central) follow(ctx context.Context) error {
	c.mu.Lock()
	after := c.fold.Sequence
	c.observeComplete()
	calls, err := c.observeStages(nil)
	c.mu.Unlock()
	if err != nil {
		return err
	}
	run(calls)
	for next, err := range c.log.Follow(ctx, after) {
		if err != nil {
			return fmt.Errorf("follow the log after entry %d: %w", c.fold.Sequence, err)
		}
		calls, err := c.apply(next)
		if err != nil {
			return fmt.Errorf("entry %d of the log: %w", next.Sequence, err)
		}
		run(calls)
	}
	return nil
}

// run makes calls that may not be made under c.mu. Only follow makes them: so there
// is one at a time, in the order of the log.
func run(calls []func()) {
	for _, call := range calls {
		call()
	}
}

// apply folds an entry, and tells this central's sessions what has become of theirs.
// It returns the calls that are due after that.
func (c *Central) apply(next Sequenced) (calls []func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.fold.Apply(next.Sequence, next.Entry); err != nil {
		return nil, err
	}
	switch e := next.Entry.(type) {
	case *Claim:
		calls = c.observeClaim(e)
	case *Bets:
		c.observeBets(e)
	case *Finished:
		calls = c.observeFinished(e)
		c.observeComplete()
	}
	signal(c.folded)
	return c.observeStages(calls)
}

// observeClaim begins the session of a claim that counts, if the claim is of this
// central, and ends the session that it supersedes. Under c.mu.
func (c *Central) observeClaim(e *Claim) (calls []func()) {
	mine, a := c.claims[e.Nonce], c.fold.Agency(e.Agency)
	delete(c.claims, e.Nonce) // any copy is void
	if a.Session == SessionNumber(c.fold.Sequence) {
		if before := c.sessions[e.Agency]; before != nil {
			before.end(central.ErrSuperseded)
			delete(c.sessions, e.Agency)
			calls = append(calls, before.superseded)
		}
		if strings.HasPrefix(e.Nonce, c.id) {
			c.claimed[e.Agency] = a.Session
		}
		if mine != nil {
			mine.session = newSession(c, e.Agency, a, mine.superseded)
			c.sessions[e.Agency] = mine.session
		}
	}
	if mine != nil {
		close(mine.settled)
	}
	return calls
}

// observeBets notes how far the fold has taken bets from the sessions of this
// central. Under c.mu.
func (c *Central) observeBets(e *Bets) {
	for i := range e.Segments {
		segment := &e.Segments[i]
		if s := c.sessions[segment.Agency]; s != nil && s.number == segment.Session {
			s.accepted = c.fold.Agency(segment.Agency).Bets
		}
	}
	if c.fold.Sequence < c.checkpoint+checkpointEvery {
		return
	}
	c.checkpoint = c.fold.Sequence
	if e.Author == c.id { // one central saves it, not all at once
		select {
		case c.due <- c.fold.Checkpoint():
		default:
		}
	}
}

// observeFinished tells a session that its agency has finished. Under c.mu.
func (c *Central) observeFinished(e *Finished) (calls []func()) {
	s := c.sessions[e.Agency]
	if s == nil || s.finish == nil || !c.fold.Agency(e.Agency).Finished {
		return nil
	}
	finish, missing := s.finish, c.fold.Missing(c.options.Agencies)
	s.finish = nil
	return []func(){func() { finish.arrived(missing); close(finish.settled) }}
}

// observeComplete notes when all agencies have finished. Under c.mu.
func (c *Central) observeComplete() {
	n := c.options.Agencies
	if n > 0 && !isClosed(c.complete) && c.fold.Missing(n) == 0 {
		close(c.complete)
	}
}

// observeStages notes when the fold has caught up with the log, and when the draw was
// held. Under c.mu.
func (c *Central) observeStages(calls []func()) ([]func(), error) {
	if c.fold.Sequence >= c.existing && !isClosed(c.ready) {
		close(c.ready)
	}
	drawn := c.fold.Drawn
	if drawn != nil && !isClosed(c.drawn) {
		if drawn.Agencies != c.options.Agencies {
			return nil, fmt.Errorf("the draw was held among %d agencies, and this central is set up for %d", drawn.Agencies, c.options.Agencies)
		}
		switch {
		case c.fold.Sequence <= c.existing:
			c.drawnBy = Before
		case drawn.Author == c.id:
			c.drawnBy = ThisCentral
		}
		calls = append(calls, func() {
			c.options.Announce(c.drawnBy, drawn.Bets, drawn.Winners)
			close(c.drawn)
		})
	}
	return calls, nil
}
