package admin

import (
	"bytes"
	"encoding/json"
	"math"
	"sync"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

const (
	samplePeriod   = 500 * time.Millisecond // between two observations, and so between two snapshots
	ticksPerSecond = int(time.Second / samplePeriod)
	rateSeconds    = 60 // how much of the past the board shows
	maxEvents      = 20 // how many of the latest events
)

// snapshot is what the board shows: the JSON of /state.json and of each event of
// /events.
type snapshot struct {
	State    string           `json:"state"`
	Expected int              `json:"expected"` // agencies
	Bets     uint64           `json:"bets"`     // stored, of all agencies
	Agencies []agencySnapshot `json:"agencies"`
	Draw     drawSnapshot     `json:"draw"`
	Log      *logSnapshot     `json:"log,omitempty"`
	Rate     []int            `json:"rate"`   // bets stored in each of the last 60 seconds, the oldest first
	Events   []event          `json:"events"` // the latest, the newest first
}

// agencySnapshot is one agency's part. Winners are null before the release.
type agencySnapshot struct {
	ID      lottery.AgencyID `json:"id"`
	State   string           `json:"state"`
	Bets    lottery.Offset   `json:"bets"`
	Winners *int             `json:"winners"`
}

type drawSnapshot struct {
	Held    bool `json:"held"`
	Winners *int `json:"winners"`
}

// event is something that has happened, told in Spanish.
type event struct {
	Time time.Time `json:"time"` // with whole seconds
	Text string    `json:"text"`
}

// recorder keeps the last minute of the lottery, so that a viewer who comes late
// sees it too. It learns of events by comparing each observation with the one
// before. It makes each snapshot once, for all viewers.
type recorder struct {
	mu      sync.Mutex
	last    observation
	rate    []int     // of whole seconds, the oldest first
	ticks   int       // since the second began
	second  time.Time // when it began
	bets    uint64    // how many were stored then
	events  []event   // the newest first
	current []byte    // the JSON of the latest snapshot
	changed chan struct{}
}

// begin takes the first observation.
func (r *recorder) begin(now time.Time, o observation) {
	r.rate = make([]int, rateSeconds)
	r.second = now
	r.changed = make(chan struct{})
	r.events = []event{{now.Truncate(time.Second), "La central lee lo que tiene guardado"}}
	r.last = o
	r.current = r.encode()
}

// tick takes the observation of each samplePeriod.
func (r *recorder) tick(now time.Time, o observation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.observe(now, o)
	if r.ticks++; r.ticks == ticksPerSecond {
		r.closeSecond(now)
	}
	r.publish()
}

// record takes an observation between two ticks.
func (r *recorder) record(now time.Time, o observation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.observe(now, o)
	r.publish()
}

// stop notes that the central is being stopped, without looking at it.
func (r *recorder) stop(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o := r.last
	o.state = centralStopping
	r.observe(now, o)
	r.publish()
}

// observe notes what has happened since the last observation.
func (r *recorder) observe(now time.Time, o observation) {
	if r.last.state == centralStopping {
		o.state = centralStopping // the observation may have begun before the stop
	}
	if r.last.state == centralRecovering {
		r.bets = o.bets() // recovered, not uploaded
	}
	for _, text := range happened(r.last, o) {
		r.events = append([]event{{now.Truncate(time.Second), text}}, r.events[:min(len(r.events), maxEvents-1)]...)
	}
	r.last = o
}

// closeSecond appends the rate of the second that ends now.
func (r *recorder) closeSecond(now time.Time) {
	bets := r.last.bets()
	rate := 0.0
	if elapsed := now.Sub(r.second).Seconds(); elapsed > 0 && bets > r.bets {
		rate = float64(bets-r.bets) / elapsed
	}
	copy(r.rate, r.rate[1:])
	r.rate[rateSeconds-1] = int(math.Round(rate))
	r.ticks, r.second, r.bets = 0, now, bets
}

// publish makes a snapshot and wakes those who wait for one, if it differs from the
// one before.
func (r *recorder) publish() {
	encoded := r.encode()
	if bytes.Equal(encoded, r.current) {
		return
	}
	r.current = encoded
	close(r.changed)
	r.changed = make(chan struct{})
}

// latest returns the latest snapshot, and a channel that is closed when there is
// another.
func (r *recorder) latest() (encoded []byte, changed <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current, r.changed
}

// encode returns the JSON of the present snapshot, in one line.
func (r *recorder) encode() []byte {
	o := r.last
	shown := snapshot{
		State:    o.state,
		Expected: o.expected,
		Bets:     o.bets(),
		Agencies: make([]agencySnapshot, len(o.Agencies)),
		Draw:     drawSnapshot{Held: o.Drawn},
		Log:      o.log.snapshot(),
		Rate:     r.rate,
		Events:   r.events,
	}
	for i, a := range o.Agencies {
		shown.Agencies[i] = agencySnapshot{ID: a.ID, State: a.state(), Bets: a.Stored}
		if o.Drawn {
			shown.Agencies[i].Winners = &o.Agencies[i].Winners
		}
	}
	if o.Drawn {
		winners := o.winners()
		shown.Draw.Winners = &winners
	}
	encoded, err := json.Marshal(shown)
	if err != nil {
		panic(err) // numbers, texts and times of this century can be encoded
	}
	return encoded
}
