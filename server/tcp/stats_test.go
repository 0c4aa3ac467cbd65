package tcp

import (
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// What the server has done is counted, and who is connected.
func TestStats(t *testing.T) {
	c := start(t, setup{agencies: 2, options: Options{MaxConnections: 2}})
	check := func(what string, want Stats) {
		t.Helper()
		eventually(t, what, func() bool {
			got := c.server.Stats()
			return got.Connections == want.Connections && got.Accepted == want.Accepted && maps.Equal(got.Rejected, want.Rejected) &&
				maps.Equal(got.Batches, want.Batches) && maps.Equal(got.Ended, want.Ended) && maps.Equal(got.Agencies, want.Agencies)
		})
		if t.Failed() {
			t.Logf("%+v", c.server.Stats())
		}
	}
	want := Stats{
		Rejected: map[string]uint64{"no_room": 0},
		Batches:  map[string]uint64{"stored": 0, "repeated": 0, "refused": 0},
		Ended:    map[string]uint64{},
		Agencies: map[lottery.AgencyID]Presence{},
	}
	check("nothing yet", want)

	p := c.agency(1, 0)
	p.send(batch(0, 10), batch(0, 10))
	p.acked(10)
	want.Connections, want.Accepted = 1, 1
	want.Batches["stored"], want.Batches["repeated"] = 1, 1
	want.Agencies[1] = Presence{Connected: true}
	check("a batch and its repetition", want)

	second := c.agency(1, 10) // supersedes the first
	p.expectError(protocol.StatusSuperseded)
	p.Close()
	want.Accepted = 2
	want.Ended["superseded"] = 1
	check("superseded", want)

	other := c.agency(2, 0)
	third := c.dial()
	third.expectError(protocol.StatusBusy)
	third.Close()
	want.Connections, want.Accepted = 2, 4
	want.Rejected["no_room"] = 1
	want.Agencies[2] = Presence{Connected: true}
	check("no room", want)

	other.send(batch(5, 10))
	other.expectError(protocol.StatusViolation)
	other.Close()
	want.Connections = 1
	want.Ended["protocol_violation"] = 1
	want.Batches["refused"] = 1
	want.Agencies[2] = Presence{}
	check("a gap", want)

	second.finish(10)
	other = c.agency(2, 0)
	want.Connections, want.Accepted = 2, 5
	want.Agencies[2] = Presence{Connected: true}
	check("one waits", want)
	other.finish(0)
	second.winners()
	other.winners()
	second.Close()
	other.Close()
	want.Connections = 0
	want.Ended["winners_sent"] = 2
	want.Agencies[1], want.Agencies[2] = Presence{Notified: true}, Presence{Notified: true}
	check("after the draw", want)
}

func TestStatusOf(t *testing.T) {
	for want, reason := range map[string]error{
		"invalid_bet": fmt.Errorf("x: %w", protocolError(protocol.StatusInvalidBet, errors.New("bad"))), "winners_sent": errOver,
		"peer_gone": errPeerGone, "evicted": errEvicted, "failed": errors.New("other"),
	} {
		if got := statusOf(reason); got != want {
			t.Errorf("%v: %s, want %s", reason, got, want)
		}
	}
}
