package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

func manyAgencies(n int) Lottery {
	l := Lottery{Missing: n}
	for id := range n {
		l.Agencies = append(l.Agencies, Agency{ID: lottery.AgencyID(id + 1)})
	}
	return l
}

// history is a recorder on a clock of its own, and what it sees.
type history struct {
	recorder
	now  time.Time
	seen observation
}

func newHistory() *history {
	h := &history{now: time.Date(2026, 11, 28, 12, 0, 0, 7, time.UTC), seen: observation{state: centralRecovering, expected: 2}}
	h.begin(h.now, h.seen)
	return h
}

// second lets a second pass in which the state of the lottery is reached.
func (h *history) second(state string, l Lottery) {
	h.seen.state, h.seen.Lottery = state, l
	for range ticksPerSecond {
		h.now = h.now.Add(samplePeriod)
		h.tick(h.now, h.seen)
	}
}

func (h *history) shown(t *testing.T) (shown snapshot) {
	t.Helper()
	encoded, _ := h.latest()
	if err := json.Unmarshal(encoded, &shown); err != nil {
		t.Fatal(err)
	}
	return shown
}

func stored(first, second lottery.Offset) Lottery {
	return Lottery{Missing: 2, Agencies: []Agency{{ID: 1, Stored: first}, {ID: 2, Stored: second}}}
}

// The rates are of whole seconds; what was recovered counts in none. After a minute
// they are forgotten.
func TestRate(t *testing.T) {
	h := newHistory()
	h.second(centralUploading, stored(5000, 0)) // recovered
	h.second(centralUploading, stored(5000, 300))
	h.second(centralUploading, stored(6000, 300))
	h.second(centralUploading, stored(6000, 300))
	rate := h.shown(t).Rate
	if len(rate) != 60 || !slices.Equal(rate[56:], []int{0, 300, 1000, 0}) || slices.Max(rate[:56]) != 0 {
		t.Errorf("rates %v", rate)
	}
	for range 59 {
		h.second(centralUploading, stored(6000, 300))
	}
	if rate := h.shown(t).Rate; slices.Max(rate) != 0 {
		t.Errorf("after a minute %v", rate)
	}
}

// A tick that comes late spreads its bets over the time that has passed.
func TestRateOfALateTick(t *testing.T) {
	h := newHistory()
	h.second(centralUploading, stored(0, 0))
	h.now = h.now.Add(3 * time.Second)
	h.second(centralUploading, stored(400, 0))
	if rate := h.shown(t).Rate; rate[59] != 100 {
		t.Errorf("rate %d, want 400 bets in 4 seconds", rate[59])
	}
}

// Without a change there is no other snapshot.
func TestNothingNew(t *testing.T) {
	h := newHistory()
	h.second(centralUploading, stored(0, 0))
	_, changed := h.latest()
	h.second(centralUploading, stored(0, 0))
	select {
	case <-changed:
		t.Error("a snapshot without a change")
	default:
	}
	h.second(centralUploading, stored(1, 0))
	select {
	case <-changed:
	default:
		t.Error("no snapshot after a change")
	}
}

func TestEvents(t *testing.T) {
	h := newHistory()
	l := stored(0, 0)
	step := func(state string, change func(first, second *Agency)) {
		l.Agencies = slices.Clone(l.Agencies)
		change(&l.Agencies[0], &l.Agencies[1])
		h.second(state, l)
	}
	step(centralUploading, func(_, _ *Agency) {})
	step(centralUploading, func(first, _ *Agency) { first.Connected = true })
	step(centralUploading, func(first, _ *Agency) { first.Stored = 1234567 })
	step(centralFailing, func(first, _ *Agency) { first.Connected = false })
	step(centralUploading, func(first, _ *Agency) { first.Connected = true })
	l.Missing = 0
	step(centralDrawing, func(first, second *Agency) {
		first.Finished, second.Finished = true, true
		second.Stored, second.Connected = 1, true
	})
	l.Drawn = true
	step(centralDrawn, func(first, second *Agency) { first.Winners, first.Notified, second.Notified = 1, true, true })
	step(centralStopping, func(first, second *Agency) { first.Connected, second.Connected = false, false })
	var got []string
	shown := h.shown(t)
	for _, e := range shown.Events {
		got = append(got, e.Text)
	}
	want := []string{
		"La central se detiene",
		"Agencia 2: sabe que no tiene ganadores",
		"Agencia 1: conoce a 1 ganador",
		"Sorteo: 1 ganador entre 1.234.568 apuestas",
		"Terminaron todas las agencias: se hace el sorteo",
		"Agencia 2: terminó con 1 apuesta",
		"Agencia 1: terminó con 1.234.567 apuestas",
		"El almacenamiento volvió a funcionar",
		"Agencia 1: volvió a conectarse",
		"El almacenamiento falla: las agencias reintentan",
		"Agencia 1: se desconectó",
		"Agencia 1: se conectó",
		"La central está lista",
		"La central lee lo que tiene guardado",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if last := shown.Events[0].Time; !last.Equal(h.now.Add(-samplePeriod).Truncate(time.Second)) {
		t.Errorf("the last was at %v, want half a second before %v", last, h.now)
	}
}

func TestEventsAreBounded(t *testing.T) {
	h := newHistory()
	l := manyAgencies(1000)
	h.second(centralUploading, l)
	l.Agencies = slices.Clone(l.Agencies)
	for i := range l.Agencies {
		l.Agencies[i].Finished = true
	}
	h.second(centralDrawing, l)
	if events := h.shown(t).Events; len(events) != maxEvents || !strings.HasPrefix(events[0].Text, "Terminaron todas") {
		t.Errorf("%d events: %v", len(events), events)
	}
}

func TestRecovered(t *testing.T) {
	h := newHistory()
	l := stored(700, 300)
	l.Drawn = true
	h.second(centralDrawn, l)
	events := h.shown(t).Events
	if len(events) != 2 || events[0].Text != "La central está lista: recuperó 1.000 apuestas y el sorteo" {
		t.Errorf("%v", events)
	}
}

// The exact JSON, before and after the release of the winners.
func TestSnapshot(t *testing.T) {
	s := New(Options{Expected: 6})
	source := new(fakeSource)
	s.Watch(source)
	observe := func(l Lottery, storage error) {
		source.set(l, storage)
		s.recorder.record(time.Now(), s.observe())
	}
	l := Lottery{Missing: 1, Agencies: []Agency{
		{ID: 1},
		{ID: 2, Stored: 5},
		{ID: 3, Finished: true, Stored: 7},
		{ID: 4, Finished: true, Connected: true, Winners: 9}, // not released: must not show
		{ID: 5, Finished: true, Connected: true, Notified: true},
		{ID: 6, Connected: true},
	}}
	observe(l, nil)
	check := func(state string, want string) {
		t.Helper()
		var shown map[string]json.RawMessage
		encoded, _ := s.recorder.latest()
		if err := json.Unmarshal(encoded, &shown); err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%s %s %s %s %s", shown["state"], shown["expected"], shown["bets"], shown["agencies"], shown["draw"])
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", state, got, want)
		}
	}
	check("before", `"uploading" 6 12 [{"id":1,"state":"absent","bets":0,"winners":null},{"id":2,"state":"absent","bets":5,"winners":null},`+
		`{"id":3,"state":"finished","bets":7,"winners":null},{"id":4,"state":"waiting","bets":0,"winners":null},`+
		`{"id":5,"state":"notified","bets":0,"winners":null},{"id":6,"state":"uploading","bets":0,"winners":null}] {"held":false,"winners":null}`)
	l.Missing = 0
	observe(l, nil)
	if s.recorder.last.state != centralDrawing {
		t.Errorf("state %s, want drawing", s.recorder.last.state)
	}
	observe(l, errors.New("disk full"))
	if s.recorder.last.state != centralFailing {
		t.Errorf("state %s, want storage_failing", s.recorder.last.state)
	}
	observe(Lottery{Drawn: true, Agencies: []Agency{{ID: 1, Finished: true, Winners: 2}}}, nil)
	check("after", `"drawn" 6 0 [{"id":1,"state":"finished","bets":0,"winners":2}] {"held":true,"winners":2}`)
}
