package draw

import (
	"sync"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// Barrier waits until all agencies of a fixed set, those with the ids 1 to N, have
// arrived. It differs from a sync.WaitGroup in two ways: it counts each agency once,
// and a select can wait for it.
type Barrier struct {
	size int
	done chan struct{}

	mu      sync.Mutex // guards arrived
	arrived map[lottery.AgencyID]struct{}
}

// NewBarrier returns a barrier for n agencies. A barrier for none never opens.
func NewBarrier(n int) *Barrier {
	return &Barrier{size: n, done: make(chan struct{}), arrived: make(map[lottery.AgencyID]struct{})}
}

// Expects returns whether id is one of 1 to N.
func (b *Barrier) Expects(id lottery.AgencyID) bool { return id >= 1 && uint64(id) <= uint64(b.size) }

// Arrive notes that an agency has arrived. It ignores an agency that has arrived
// before, and one that is not expected. The last arrival opens the barrier.
func (b *Barrier) Arrive(id lottery.AgencyID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, again := b.arrived[id]; again || !b.Expects(id) {
		return
	}
	b.arrived[id] = struct{}{}
	if len(b.arrived) == b.size {
		close(b.done)
	}
}

// Missing returns the number of agencies that have not arrived.
func (b *Barrier) Missing() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.size - len(b.arrived)
}

// Done is closed once all agencies have arrived.
func (b *Barrier) Done() <-chan struct{} { return b.done }
