// Package embedded is the central that needs no other process: it joins the store,
// the draw and the takeover of an agency by a newer session.
package embedded

import (
	"context"

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
// opens and closes the store, and runs the draw.
func New(bets *store.Store, d *draw.Draw) *Central { return &Central{store: bets, draw: d} }

// Expects implements central.Central.
func (c *Central) Expects(id lottery.AgencyID) bool { return c.draw.Expects(id) }

// Claim implements central.Central.
func (c *Central) Claim(ctx context.Context, id lottery.AgencyID, order uint64, superseded func()) (central.Session, error) {
	release, err := c.takeovers.Claim(ctx, id, order, superseded)
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
