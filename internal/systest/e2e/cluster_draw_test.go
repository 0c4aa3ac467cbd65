//go:build linux

package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

var drawData = map[int][][]string{1: plainRows(1, 50), 2: plainRows(2, 20), 3: plainRows(3, 10)}

// newDraw starts the NATS servers of a lottery. Only the first central can publish a draw,
// until it is dead. passes says which messages about its draw get through.
func newDraw(t *testing.T, dead <-chan struct{}, passes func(message) bool) *replicated {
	t.Helper()
	r := newCluster(t, drawData)
	for i := range r.gates {
		r.gates[i] = newGate(t, r.nats)
		r.gates[i].set(func(m message) bool {
			switch {
			case m.kind != "draw" || isClosed(dead):
				return true
			case i == 0:
				return passes(m)
			}
			return m.way != published
		})
	}
	return r
}

// The central that is the first to publish a draw dies at each step of it.
func TestDrawAuthorKilled(t *testing.T) {
	for _, tt := range []struct {
		name   string
		passes func(message) bool // of the messages about its draw
		dies   func(message) bool // at one of them; nil: after it has logged the draw
		dead   []string           // what it says about the draw
		others []string           // what the others say
	}{
		{"before the log has the draw",
			func(message) bool { return false },
			func(m message) bool { return m.way == published },
			nil, []string{"sorteo", "sorteo_observado"}},
		{"the log has the draw, the central does not know",
			func(m message) bool { return m.way == published },
			func(m message) bool { return m.way == delivered },
			nil, []string{"sorteo_observado", "sorteo_observado"}},
		{"acknowledged and not folded, so published again",
			func(m message) bool { return m.way != delivered },
			func(m message) bool { return m.way == published && m.times == 2 },
			nil, []string{"sorteo_observado", "sorteo_observado"}},
		{"logged and not released",
			func(message) bool { return true },
			nil,
			[]string{"sorteo"}, []string{"sorteo_observado", "sorteo_observado"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			step, dead := make(chan struct{}), make(chan struct{})
			r := newDraw(t, dead, func(m message) bool {
				if tt.dies != nil && tt.dies(m) && !isClosed(step) {
					close(step)
				}
				return tt.passes(m)
			})
			r.start(0, "SERVER_PUBLISH_DELAY=1h")
			r.awaitCentral(0)
			agencies := map[int]*processtest.Process{1: r.startSlow(1)} // finds no other central yet
			r.centrals[0].Await("action: saludo | result: success")
			r.startCentrals(1, 2)
			agencies[2], agencies[3] = r.startSlow(2), r.startSlow(3)
			if tt.dies == nil {
				r.centrals[0].Await("action: sorteo | result: success")
			} else {
				r.eventually("the draw comes to that step", func() bool { return isClosed(step) })
			}
			r.kill(0)
			close(dead)
			r.checkDeath(agencies, tt.dead, tt.others)
		})
	}
}

// A central dies after it has told one agency its winners, exactly when it tells another.
func TestCentralKilledBetweenAnswers(t *testing.T) {
	frame, err := protocol.AppendWinners(nil, winners(drawData[3]))
	if err != nil {
		t.Fatal(err)
	}
	dead := make(chan struct{})
	r := newDraw(t, dead, func(message) bool { return true })
	r.centrals[0] = processtest.Start(t, limited(r.centralCommand(0), killAtWrite, len(frame)))
	r.startCentrals(1, 2)
	r.awaitCentral(0)
	third := r.startSlow(3, 1) // it dies, and misses the release
	r.centrals[1].Await("action: agencia_finalizada | result: success")
	third.Kill()
	agencies := map[int]*processtest.Process{1: r.startSlow(1, 0), 2: r.startSlow(2)}
	r.checkAgency(agencies[1], winners(drawData[1]))
	agencies[3] = r.startSlow(3, 0)
	if status := r.centrals[0].Wait(); status != -1 {
		t.Errorf("exit status %d, want the end by a signal", status)
	}
	r.forget(0)
	close(dead)
	r.checkDeath(agencies, []string{"sorteo"}, []string{"sorteo_observado", "sorteo_observado"})
}

// checkDeath starts the first central again, after the others know the draw. All agencies
// get their winners, and once more from that central. It checks what the dead central and
// the others have said about the draw; the one that was started again has recovered it.
func (r *replicated) checkDeath(agencies map[int]*processtest.Process, dead, others []string) {
	r.t.Helper()
	for _, i := range []int{1, 2} {
		r.centrals[i].Await("action: sorteo")
	}
	r.startCentrals(0)
	for id, p := range agencies {
		r.checkAgency(p, winners(r.data[id]))
		agencies[id] = r.startSlow(id, 0)
	}
	r.end(agencies)
	r.draws() // checks what each of them says
	if said := r.saidOfDraw(r.ended...); !slices.Equal(said, dead) {
		r.t.Errorf("the dead central says %q, want %q", said, dead)
	}
	if said := r.saidOfDraw(r.centrals[1:]...); !slices.Equal(said, others) {
		r.t.Errorf("the other centrals say %q, want %q", said, others)
	}
	if said := r.saidOfDraw(r.centrals[0]); !slices.Equal(said, []string{"sorteo_recuperado"}) {
		r.t.Errorf("the central that was started again says %q", said)
	}
}

// saidOfDraw returns the actions about the draw in the logs of centrals, in order of the
// alphabet.
func (r *replicated) saidOfDraw(centrals ...*processtest.Process) (actions []string) {
	r.t.Helper()
	for _, p := range centrals {
		for _, line := range r.checkLines(p) {
			if strings.HasPrefix(line.Action, "sorteo") {
				actions = append(actions, line.Action)
			}
		}
	}
	slices.Sort(actions)
	return actions
}
