package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// partitioned is a lottery in a network. Each NATS server and each central has a place of
// its own; the agencies share one.
type partitioned struct {
	*replicated
	network *network
}

func newPartitioned(t *testing.T) *partitioned {
	t.Helper()
	data := map[int][][]string{1: plainRows(1, 4000), 2: difficultRows(2, 4000), 3: plainRows(3, 1000)}
	n := newNetwork(t)
	p := &partitioned{newClusterAt(t, data, n.add(3), n.add(3)), n}
	p.startCentrals(0, 1, 2)
	p.branch = n.add(1)[0]
	return p
}

// The NATS server that leads the log is cut from the two others. All centrals speak to it
// and to no other, but it acknowledges nothing. So they go on at the others.
func TestStaleLogLeader(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	p := newPartitioned(t)
	old := p.leader()
	others := p.natsBut(old)
	p.attach(old)
	agencies := p.startAll()
	p.network.cut(natsPlaces(old), natsPlaces(others...))
	p.awaitQuiet(p.storedBatches)
	p.awaitStored(p.storedBatches() + 50)
	p.network.heal()
	p.eventually("the old leader follows", func() bool {
		leader := leaderSeenBy(others[0])
		return leader != "" && leader == leaderSeenBy(old)
	})
	p.finish(agencies)
}

// The NATS server that leads the log is cut from another one, which all centrals speak to.
// The third server reaches both.
func TestPartialPartition(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	p := newPartitioned(t)
	leader := p.leader()
	follower := p.natsBut(leader)[0]
	p.attach(follower)
	agencies := p.startAll()
	p.network.cut(natsPlaces(leader), natsPlaces(follower))
	p.awaitQuiet(p.storedBatches)
	p.awaitStored(p.storedBatches() + 50)
	p.finish(agencies)
}

// A central is cut from all NATS servers.
func TestCentralPartitioned(t *testing.T) {
	if inOwnNetwork(t) {
		newPartitioned(t).checkMinority()
	}
}

// A central and the NATS server that leads the log are cut from all others.
func TestMinorityWithCentral(t *testing.T) {
	if inOwnNetwork(t) {
		p := newPartitioned(t)
		p.checkMinority(p.leader())
	}
}

// checkMinority cuts a central and some NATS servers from the other ones. All agencies
// still reach the central. It acknowledges nothing, and refuses agencies. Those that know
// others go on there; after the cut it serves again the one that knows no other.
func (p *partitioned) checkMinority(servers ...*natsserver.Server) {
	p.t.Helper()
	agencies := map[int]*processtest.Process{2: p.startSlow(2), 3: p.startSlow(3)}
	i := p.centralOf(2)
	agencies[1] = p.startSlow(1, i)
	p.eventually("it serves agency 1", func() bool { return p.storedAt(i, 1) > 0 })

	p.network.cut(append(natsPlaces(servers...), p.places[i]),
		slices.Concat(natsPlaces(p.natsBut(servers...)...), p.places[:i], p.places[i+1:]))
	stored := func() int { return p.storedAt(i, 1) + p.storedAt(i, 2) + p.storedAt(i, 3) }
	p.awaitQuiet(stored)
	before := stored()
	agencies[1].Await("server busy")
	p.eventually("agency 2 goes on elsewhere", func() bool {
		elsewhere := 0
		for j := range p.centrals {
			if j != i {
				elsewhere += p.storedAt(j, 2)
			}
		}
		return elsewhere > 0
	})
	if after := stored(); after != before {
		p.t.Errorf("the central that is cut has acknowledged %d batches", after-before)
	}
	p.network.heal()
	p.finish(agencies)
}

// Two agencies are cut from the centrals that serve them: one that uploads, and one that
// waits for the draw. Nothing tells them so.
func TestAgenciesPartitioned(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	p := newPartitioned(t)
	agencies := map[int]*processtest.Process{3: p.startSlow(3)}
	agencies[3].Await("action: notificacion_enviada")
	agencies[1] = p.startSlow(1)
	one, three := p.centralOf(1), p.centralOf(3)
	p.network.cut([]process.Place{p.places[one], p.places[three]}, []process.Place{p.branch})
	agencies[2] = p.startSlow(2)
	p.finish(agencies)
}

// natsBut returns the NATS servers without some of them.
func (p *partitioned) natsBut(some ...*natsserver.Server) []*natsserver.Server {
	return slices.DeleteFunc(slices.Clone(p.nats.Servers), func(s *natsserver.Server) bool { return slices.Contains(some, s) })
}

func natsPlaces(servers ...*natsserver.Server) (places []process.Place) {
	for _, s := range servers {
		places = append(places, s.Place)
	}
	return places
}

// attach makes all centrals speak to one NATS server: for a while they reach no other.
func (p *partitioned) attach(s *natsserver.Server) {
	p.t.Helper()
	p.network.cut(p.places, natsPlaces(p.natsBut(s)...))
	p.eventually("all centrals speak to "+s.Name, func() bool { return centralsOf(s) == len(p.centrals) })
	p.network.heal()
}

// centralsOf asks the monitoring port of a NATS server how many centrals speak to it.
func centralsOf(s *natsserver.Server) (n int) {
	client := http.Client{Timeout: time.Second}
	response, err := client.Get(s.Monitor + "/connz")
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	var answer struct{ Connections []struct{ Name string } }
	if json.NewDecoder(response.Body).Decode(&answer) != nil {
		return 0
	}
	for _, c := range answer.Connections {
		if c.Name == "central" {
			n++
		}
	}
	return n
}

// centralOf waits until a central has stored bets of an agency, and returns the central.
func (p *partitioned) centralOf(id int) (i int) {
	p.t.Helper()
	p.eventually(fmt.Sprintf("a central serves agency %d", id), func() bool {
		for i = range p.centrals {
			if p.storedAt(i, id) > 0 {
				return true
			}
		}
		return false
	})
	return i
}

// storedAt returns how many batches of an agency a central has stored.
func (p *partitioned) storedAt(i, id int) (n int) {
	for _, line := range p.centrals[i].Lines() {
		if strings.Contains(line, "action: apuesta_recibida | result: success") && strings.HasSuffix(line, fmt.Sprintf("| agencia: %d", id)) {
			n++
		}
	}
	return n
}

// awaitQuiet waits until nothing more has been stored for a second.
func (p *partitioned) awaitQuiet(stored func() int) {
	p.t.Helper()
	last, since := -1, time.Now()
	p.eventually("nothing more is stored", func() bool {
		if now := stored(); now != last {
			last, since = now, time.Now()
		}
		return time.Since(since) > time.Second
	})
}
