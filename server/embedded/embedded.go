// Package embedded is the central that needs no other process: it joins the store,
// the draw and the takeover of an agency by a newer session.
package embedded

import (
	"context"
	"sync"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
)

// Central implements central.Central. It never fails with central.ErrUnavailable
// nor with central.ErrUnknown.
type Central struct {
	store     *store.Store
	draw      *draw.Draw
	takeovers central.Takeovers
}

// New returns the central of the bets in a store and of their draw. The caller
// opens and closes the store.
func New(bets *store.Store, d *draw.Draw) *Central { return &Central{store: bets, draw: d} }

// Run holds the draw. It returns when ctx ends or when the store breaks: then the
// server must stop, because only the next start can read what the files hold. The
// store's Close returns why it is broken.
func (c *Central) Run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var drawing sync.WaitGroup
	drawing.Go(func() { c.draw.Run(ctx) })
	select {
	case <-c.store.Broken():
	case <-ctx.Done():
	}
	cancel()
	drawing.Wait()
}

// Expects implements central.Central.
func (c *Central) Expects(id lottery.AgencyID) bool { return c.draw.Expects(id) }

// Claim implements central.Central.
func (c *Central) Claim(ctx context.Context, id lottery.AgencyID, number uint64, superseded func()) (central.Session, error) {
	release, err := c.takeovers.Claim(ctx, id, number, superseded)
	if err != nil {
		return nil, err
	}
	return &session{central: c, agency: id, release: release}, nil
}

// session implements central.Session.
type session struct {
	central *Central
	agency  lottery.AgencyID
	release func()
}

func (s *session) State() central.State {
	stored := s.central.store.State(s.agency)
	return central.State{
		Stored:   stored.Bets,
		Sum:      stored.Sum,
		Finished: s.central.draw.HasFinished(s.agency),
		Drawn:    s.central.draw.Released(),
	}
}

func (s *session) StoreBets(at lottery.Offset, bets []lottery.Bet, records []byte) (central.Commit, error) {
	commit, err := s.central.store.StoreBets(s.agency, at, bets, records)
	if err != nil {
		return nil, err // not commit: a nil *store.Commit is no nil central.Commit
	}
	return commit, nil
}

func (s *session) Finish(total lottery.Offset, arrived func(missing int)) error {
	stored := s.central.store.State(s.agency).Bets
	return s.central.draw.Finish(s.agency, total, stored, arrived)
}

func (s *session) Winners(ctx context.Context) ([]string, error) {
	return s.central.draw.Winners(ctx, s.agency)
}

func (s *session) Release() { s.release() }
