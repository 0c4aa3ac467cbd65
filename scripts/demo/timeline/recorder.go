// Package timeline records a run of the lottery at the edges of the central, its
// connections and its files, and shows the run as a page for a browser. The
// central itself knows nothing of it.
package timeline

import (
	"sync"
	"time"
)

// Recorder watches one central, from its start to its end. Its methods may be
// called by any goroutine.
type Recorder struct {
	start time.Time

	mu          sync.Mutex
	connections []*connection
	operations  []Operation
	draw        *Draw
}

// NewRecorder returns a Recorder whose clock starts now.
func NewRecorder() *Recorder { return &Recorder{start: time.Now()} }

// now is the time on the recorder's clock, which only goes forward.
func (r *Recorder) now() Time { return Time(time.Since(r.start)) }

// Drawn notes that the draw was held just now, among so many bets.
func (r *Recorder) Drawn(bets uint64, winners int) {
	at := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draw = &Draw{At: at, Bets: int64(bets), Winners: winners}
}
