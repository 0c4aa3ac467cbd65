package replica

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// The model: agencies 1 to 3 with 40 numbered bets each, of which every third has
// won. Centrals append what the agencies send. They know the log late, and what they
// append may be lost, come late, or come twice.
const (
	modelAgencies = 3
	modelBets     = lottery.Offset(40)
)

func modelSum(id lottery.AgencyID, n lottery.Offset) uint32 { return uint32(id)<<16 + uint32(n)*7 }

func modelWinners(from, to lottery.Offset) (winners []string) {
	for n := from; n < to; n++ {
		if n%3 == 1 {
			winners = append(winners, fmt.Sprint("document ", n))
		}
	}
	return winners
}

// model is the log, what is on its way to it, and the centrals.
type model struct {
	t        *testing.T
	random   *rand.Rand
	log      []Entry
	fold     *Fold // of all of the log
	stored   [modelAgencies + 1][]lottery.Offset
	onTheWay []Entry
	centrals []*modelCentral
	nonces   int
}

type modelCentral struct {
	known    *Fold
	claims   map[string]bool
	sessions [modelAgencies + 1]SessionNumber
	queued   [modelAgencies + 1]lottery.Offset
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{t: t, random: rand.New(rand.NewPCG(seed, 1)), fold: NewFold()}
	for range 3 {
		m.centrals = append(m.centrals, &modelCentral{known: NewFold(), claims: make(map[string]bool)})
	}
	return m
}

// act makes a central do something that it might do with what it knows.
func (m *model) act(c *modelCentral) {
	id := lottery.AgencyID(1 + m.random.IntN(modelAgencies))
	a := c.known.Agency(id)
	mine := c.sessions[id] != 0
	switch n := m.random.IntN(10); {
	case n == 0 || !mine && n < 4:
		m.nonces++
		nonce := fmt.Sprint("nonce ", m.nonces)
		c.claims[nonce] = true
		m.send(&Claim{Agency: id, Expected: a.Session, Nonce: nonce})
	case n == 1: // everything after what is known to be stored again
		c.queued[id] = a.Bets
	case mine && c.queued[id] < modelBets:
		at := c.queued[id]
		end := min(modelBets, at+1+lottery.Offset(m.random.IntN(5)))
		c.queued[id] = end
		m.send(&Bets{Author: "a", Segments: []Segment{{Agency: id, Session: c.sessions[id], Offset: at, Count: end - at,
			Sum: modelSum(id, end), Winners: modelWinners(at, end)}}})
	case mine && a.Bets == modelBets:
		m.send(&Finished{Agency: id, Session: c.sessions[id], Total: modelBets})
	}
	if c.known.Missing(modelAgencies) == 0 && c.known.Drawn == nil {
		m.send(c.known.NextDraw(modelAgencies, fmt.Sprintf("%p", c)))
	}
}

func (m *model) send(e Entry) { m.onTheWay = append(m.onTheWay, e) }

// deliver makes something that is on its way arrive: the oldest or any other, once
// or twice or not at all.
func (m *model) deliver() {
	if len(m.onTheWay) == 0 {
		return
	}
	i := 0
	if m.random.IntN(3) == 0 {
		i = m.random.IntN(len(m.onTheWay))
	}
	e := m.onTheWay[i]
	lost, kept := m.random.IntN(8) == 0, m.random.IntN(8) == 0
	if !kept {
		m.onTheWay = slices.Delete(m.onTheWay, i, i+1)
	}
	if !lost {
		m.append(e)
	}
}

// append appends an entry to the log, and checks the fold.
func (m *model) append(e Entry) {
	m.log = append(m.log, e)
	before := m.fold.Checkpoint()
	bets, isBets := e.(*Bets)
	var had lottery.Offset
	if isBets {
		had = m.fold.Agency(bets.Segments[0].Agency).Bets
	}
	drawn := m.fold.Drawn
	if err := m.fold.Apply(uint64(len(m.log)), e); err != nil {
		m.t.Fatalf("entry %d, after %s: %v", len(m.log), before, err)
	}
	if isBets {
		s := bets.Segments[0]
		if a := m.fold.Agency(s.Agency); a.Bets != had {
			if s.Session != a.Session {
				m.t.Fatalf("entry %d: bets of session %d count in session %d", len(m.log), s.Session, a.Session)
			}
			for n := s.Offset; n < s.End(); n++ {
				m.stored[s.Agency] = append(m.stored[s.Agency], n)
			}
		}
	}
	if drawn != nil && m.fold.Drawn != drawn {
		m.t.Errorf("entry %d: a second draw", len(m.log))
	}
	for id := lottery.AgencyID(1); id <= modelAgencies; id++ {
		m.check(id)
	}
}

// check compares the fold of an agency with the bets that it stands for.
func (m *model) check(id lottery.AgencyID) {
	a := m.fold.Agency(id)
	for n, stored := range m.stored[id] {
		if stored != lottery.Offset(n) {
			m.t.Fatalf("entry %d: agency %d: bet %d is stored as number %d", len(m.log), id, stored, n)
		}
	}
	if int(a.Bets) != len(m.stored[id]) || a.Bets > 0 && a.Sum != modelSum(id, a.Bets) || !slices.Equal(a.Winners, modelWinners(0, a.Bets)) {
		m.t.Fatalf("entry %d: agency %d: %+v, stored %v", len(m.log), id, a, m.stored[id])
	}
	if a.Finished && a.Bets != modelBets || m.fold.Drawn != nil && !a.Finished {
		m.t.Fatalf("entry %d: agency %d: %+v, drawn %v", len(m.log), id, a, m.fold.Drawn)
	}
}

// learn makes a central know one entry more. It may do so with the checkpoint of
// another one.
func (m *model) learn(c *modelCentral) {
	if other := m.centrals[m.random.IntN(len(m.centrals))]; m.random.IntN(50) == 0 && other.known.Sequence > c.known.Sequence {
		fold, err := ParseCheckpoint(other.known.Checkpoint())
		if err != nil {
			m.t.Fatal(err)
		}
		*c = modelCentral{known: fold, claims: make(map[string]bool)} // it was started again
	}
	next := c.known.Sequence + 1
	if next > uint64(len(m.log)) {
		return
	}
	e := m.log[next-1]
	if err := c.known.Apply(next, e); err != nil {
		m.t.Fatal(err)
	}
	claim, ok := e.(*Claim)
	if !ok || c.known.Agency(claim.Agency).Session != SessionNumber(next) {
		return
	}
	c.sessions[claim.Agency] = 0
	if c.claims[claim.Nonce] {
		c.sessions[claim.Agency], c.queued[claim.Agency] = SessionNumber(next), c.known.Agency(claim.Agency).Bets
	}
}

// Whatever is lost, comes late or comes twice: each bet is stored once, in the order
// of its agency, there is one draw, and all centrals agree.
func TestFoldModel(t *testing.T) {
	seeds := uint64(100)
	if testing.Short() {
		seeds = 30
	}
	for seed := range seeds {
		m := newModel(t, seed)
		for step := 0; m.fold.Drawn == nil; step++ {
			if step > 1_000_000 {
				t.Fatalf("seed %d: no draw after %d entries", seed, len(m.log))
			}
			c := m.centrals[m.random.IntN(len(m.centrals))]
			switch m.random.IntN(4) {
			case 0:
				m.act(c)
			case 1, 2:
				m.learn(c)
			case 3:
				m.deliver()
			}
		}
		for range 100 { // some more, after the draw
			m.act(m.centrals[0])
			m.deliver()
		}
		for i, c := range m.centrals {
			for c.known.Sequence < uint64(len(m.log)) {
				m.learn(c)
			}
			if !reflect.DeepEqual(c.known, m.fold) {
				t.Errorf("seed %d: central %d: %s, the log: %s", seed, i, c.known.Checkpoint(), m.fold.Checkpoint())
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
