package tcp

import (
	"context"
	"fmt"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// failingCentral is a central whose calls fail with these errors, if they are set.
// StoreBets and Wait fail from the second batch on.
type failingCentral struct {
	central.Central
	claim, store, wait, finish, winners error
}

func (f *failingCentral) Claim(ctx context.Context, id lottery.AgencyID, number uint64, superseded func()) (central.Session, error) {
	if f.claim != nil {
		return nil, f.claim
	}
	session, err := f.Central.Claim(ctx, id, number, superseded)
	return failingSession{session, f}, err
}

type failingSession struct {
	central.Session
	with *failingCentral
}

func (s failingSession) StoreBets(at lottery.Offset, bets []lottery.Bet, records []byte) (central.Commit, error) {
	if at > 0 && s.with.store != nil {
		return nil, s.with.store
	}
	commit, err := s.Session.StoreBets(at, bets, records)
	if at > 0 && s.with.wait != nil {
		commit = failingCommit{commit, s.with.wait}
	}
	return commit, err
}

func (s failingSession) Finish(total lottery.Offset, arrived func(missing int)) error {
	if s.with.finish != nil {
		return s.with.finish
	}
	return s.Session.Finish(total, arrived)
}

func (s failingSession) Winners(ctx context.Context) ([]string, error) {
	if s.with.winners != nil {
		return nil, s.with.winners
	}
	return s.Session.Winners(ctx)
}

type failingCommit struct {
	central.Commit
	err error
}

func (c failingCommit) Wait() error {
	_ = c.Commit.Wait()
	return c.err
}

// What the peer hears of the errors that only some centrals have. After ErrUnknown it
// hears nothing: the bets may be stored or not.
func TestErrorsOfTheCentral(t *testing.T) {
	unknown := fmt.Errorf("%w: no quorum", central.ErrUnknown)
	batches := []protocol.Message{batch(0, 10), batch(10, 10)}
	total := []protocol.Message{batch(0, 10), &protocol.Finished{Total: 10}}
	query := append(total, &protocol.Query{})
	for _, tt := range []struct {
		name   string
		with   failingCentral
		send   []protocol.Message
		status protocol.Status // 0: the connection ends without an ERROR
		failed int             // batches that the log calls failed
	}{
		{"unavailable", failingCentral{claim: central.ErrUnavailable}, nil, protocol.StatusBusy, 0},
		{"superseded elsewhere", failingCentral{claim: central.ErrSuperseded}, nil, protocol.StatusSuperseded, 0},
		{"unknown at the claim", failingCentral{claim: unknown}, nil, 0, 0},
		{"unknown when queued", failingCentral{store: unknown}, batches, 0, 0},
		{"unknown when stored", failingCentral{wait: unknown}, batches, 0, 0},
		{"superseded when queued", failingCentral{store: central.ErrSuperseded}, batches, protocol.StatusSuperseded, 1},
		{"superseded when stored", failingCentral{wait: central.ErrSuperseded}, batches, protocol.StatusSuperseded, 1},
		{"unknown when finished", failingCentral{finish: unknown}, total, 0, 0},
		{"superseded when finished", failingCentral{finish: central.ErrSuperseded}, total, protocol.StatusSuperseded, 0},
		{"unknown while it waits", failingCentral{winners: unknown}, query, 0, 0},
		{"superseded while it waits", failingCentral{winners: central.ErrSuperseded}, query, protocol.StatusSuperseded, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, setup{wrap: func(embedded central.Central) central.Central {
				tt.with.Central = embedded
				return &tt.with
			}})
			p := c.dial()
			p.send(hello(1))
			if tt.with.claim == nil {
				p.welcome()
				p.send(tt.send...)
				p.acked(10)
			}
			finished := 0
			if tt.with.winners != nil {
				p.expect(&protocol.Registered{})
				finished = 1
			}
			if tt.status != 0 {
				p.expectError(tt.status)
			} else {
				p.closed()
			}
			c.logs.wait(1, "action: sesion | result: fail")
			c.logs.wait(1, "action: close_connection")
			c.logs.want(tt.failed, "action: apuesta_recibida | result: fail")
			c.logs.want(finished, "action: agencia_finalizada")
			c.logs.want(0, "read a frame")
		})
	}
}
