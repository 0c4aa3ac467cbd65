package e2e

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica/jetstream"
)

// What a central publishes is lost, or the log's acknowledgement, or what the log delivers
// to its fold, or the last two. The central publishes it again, what the log holds twice
// counts once, and no agency notices. Each agency of the lottery suffers another of these
// losses: of its claim, of three entries of its bets, and of its FINISHED.
func TestLostMessagesOfTheLog(t *testing.T) {
	t.Parallel()
	data := map[int][][]string{1: plainRows(1, 400), 2: plainRows(2, 400), 3: plainRows(3, 400), 4: plainRows(4, 400)}
	r := newCluster(t, data)
	r.gates[0] = newGate(t, r.nats)
	r.startCentrals(0)
	agencies := make(map[int]*processtest.Process)
	var losses []*loss
	for i, ways := range [][]way{{published}, {acknowledged}, {delivered}, {acknowledged, delivered}} {
		id := i + 1
		l := &loss{ways: ways, waiting: make(map[string]bool), lost: make(map[string]bool), all: make(chan struct{})}
		losses = append(losses, l)
		r.gates[0].set(l.passes)
		agencies[id] = r.startSlow(id, 0)
		r.centrals[0].AwaitMany("action: agencia_finalizada | result: success", id)
		r.eventually("all that is to be lost is", func() bool { return isClosed(l.all) }) // an acknowledgement may come later
	}
	r.gates[0].set(nil)
	copies := r.copies()
	for _, l := range losses {
		l.check(t, copies)
	}
	r.finish(agencies)
	for id, p := range agencies {
		if text := strings.Join(p.Lines(), "\n"); strings.Contains(text, "result: in_progress") {
			t.Errorf("agency %d has lost its connection", id)
		}
	}
}

// All that the log delivers to a central is lost from the moment when its agency waits for
// the draw. No entry comes after the draw that would show the loss. The central learns of
// the draw all the same.
func TestLostEndOfTheLog(t *testing.T) {
	t.Parallel()
	r := newCluster(t, map[int][][]string{1: plainRows(1, 100), 2: plainRows(2, 100)})
	r.gates[0] = newGate(t, r.nats)
	r.startCentrals(0, 1)
	agencies := map[int]*processtest.Process{1: r.startSlow(1, 0)}
	r.centrals[0].Await("action: agencia_finalizada | result: success")
	r.gates[0].set(func(m message) bool { return m.way != delivered })
	agencies[2] = r.startSlow(2, 1)
	r.centrals[1].Await("action: sorteo | result: success")
	agencies[2].Wait()
	r.gates[0].set(nil)
	r.finish(agencies)
}

// loss loses messages of some entries of an agency, until the central has published them
// again.
type loss struct {
	ways    []way
	bets    int             // entries of bets that were published
	waiting map[string]bool // the chosen entries that were not published again
	lost    map[string]bool // the chosen entries that have lost a message
	all     chan struct{}   // closed when all five have
}

func (l *loss) passes(m message) bool {
	switch {
	case m.way != published:
	case m.times > 1:
		delete(l.waiting, m.entry)
	case l.chooses(m):
		l.waiting[m.entry] = true
	}
	// A consumer that misses an entry begins again there: all after it is lost too.
	loses := l.waiting[m.entry] || m.way == delivered && len(l.waiting) > 0
	if !loses || !slices.Contains(l.ways, m.way) {
		return true
	}
	if l.waiting[m.entry] && !l.lost[m.entry] {
		l.lost[m.entry] = true
		if len(l.lost) == 5 {
			close(l.all)
		}
	}
	return false
}

// chooses returns whether messages of an entry that is published first are to be lost: the
// claim, FINISHED, and the second to the fourth entry of bets.
func (l *loss) chooses(m message) bool {
	if m.kind == "bets" {
		l.bets++
		return l.bets >= 2 && l.bets <= 4
	}
	return m.kind != "draw"
}

// check checks that what was to be lost was, that the central has published those entries
// again, and that the log holds them: more than once, unless the first never reached it. A
// claim and FINISHED need no acknowledgement.
func (l *loss) check(t *testing.T, copies map[string]int) {
	t.Helper()
	kinds := make(map[string]int)
	for entry := range l.lost {
		kind, _, _ := strings.Cut(entry, " ")
		kinds[kind]++
		needless := slices.Equal(l.ways, []way{acknowledged}) && kind != "bets"
		want := 2
		if needless || l.ways[0] == published {
			want = 1
		}
		if l.waiting[entry] && !needless || copies[entry] < want {
			t.Errorf("lost ways %v: published again: %t, the log holds %d of %q", l.ways, !l.waiting[entry], copies[entry], entry)
		}
	}
	if want := map[string]int{"claim": 1, "bets": 3, "finished": 1}; !maps.Equal(kinds, want) {
		t.Errorf("lost ways %v: lost %v, want %v", l.ways, kinds, want)
	}
}

// copies reads the log, and returns how often it holds each entry.
func (r *replicated) copies() map[string]int {
	r.t.Helper()
	log, err := jetstream.Open(r.t.Context(), jetstream.Options{
		Servers: strings.Split(r.nats.URLs(), ","), Monitors: strings.Split(r.nats.Monitors(), ","), Agencies: r.agencies, Existing: true})
	if err != nil {
		r.t.Fatal(err)
	}
	defer log.Close()
	status, err := log.Status(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	copies := make(map[string]int)
	for next, err := range log.Follow(r.t.Context(), 0) {
		if err != nil {
			r.t.Fatal(err)
		}
		copies[strings.Join(replica.Header(next.Entry), "\n")]++
		if next.Sequence == status.Last {
			break
		}
	}
	return copies
}
