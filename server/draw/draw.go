// Package draw waits until all agencies have finished, and then holds the draw. It
// knows nothing of bytes, files, sockets or logs.
package draw

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/retry"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// Store keeps the bets that take part in the draw, and how far the lottery is. What
// its methods record is durable when they return nil.
type Store interface {
	// Winners returns the stored bets that have won, in the order of storage,
	// and how many bets are stored. Do not modify the slice.
	Winners() (won []Winner, stored uint64)

	// Finished returns the agencies that have finished, and with how many bets.
	// The caller may change the map.
	Finished() map[lottery.AgencyID]lottery.Offset
	RecordFinished(id lottery.AgencyID, total lottery.Offset) error

	// Drawn returns whether the draw was recorded.
	Drawn() bool
	RecordDraw(agencies int) error // agencies: how many took part
}

// Winner is a bet that has won: its agency and its document.
type Winner struct {
	Agency   lottery.AgencyID
	Document string
}

// Options are the draw's settings.
type Options struct {
	// Agencies is how many agencies the draw waits for: those with the ids 1
	// to Agencies. With 0 there is never a draw.
	Agencies int

	// PublishDelay is the pause between the draw and the release of its
	// results. After a restart there is no pause.
	PublishDelay time.Duration

	// Announce is called when the draw has been held and recorded, before its
	// results are released. recovered is true if the draw was recorded before
	// this start. bets is how many bets took part, and winners how many have
	// won. Announce may be nil.
	Announce func(recovered bool, bets uint64, winners int)

	// Failed is called each time the draw could not be recorded. Run then
	// tries again. Failed may be nil.
	Failed func(error)
}

// Pauses between attempts to record the draw.
const (
	leastPause = 100 * time.Millisecond
	mostPause  = 5 * time.Second
)

// Draw is the one draw of a lottery. It is held by Run when all agencies have
// finished. Its methods may be called by any number of goroutines.
type Draw struct {
	options   Options
	store     Store
	barrier   *Barrier
	recovered bool // the draw was recorded before this start

	mu       sync.Mutex // guards finished; held during arrived, so that its calls do not overlap
	finished map[lottery.AgencyID]lottery.Offset

	released chan struct{}                 // closed by Run once winners is set
	winners  map[lottery.AgencyID][]string // documents
}

// New returns the draw of the bets in a store. It goes on from what the store has
// recorded. Nothing happens until Run is called.
func New(store Store, options Options) *Draw {
	if options.Announce == nil {
		options.Announce = func(bool, uint64, int) {}
	}
	if options.Failed == nil {
		options.Failed = func(error) {}
	}
	d := &Draw{
		options:   options,
		store:     store,
		barrier:   NewBarrier(options.Agencies),
		recovered: store.Drawn(),
		finished:  store.Finished(),
		released:  make(chan struct{}),
	}
	for id := range d.finished {
		d.barrier.Arrive(id)
	}
	return d
}

// Agencies returns how many agencies take part in the lottery.
func (d *Draw) Agencies() int { return d.options.Agencies }

// Expects returns whether an agency takes part in the lottery.
func (d *Draw) Expects(id lottery.AgencyID) bool { return d.barrier.Expects(id) }

// HasFinished returns whether an agency has finished.
func (d *Draw) HasFinished(id lottery.AgencyID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.finished[id]
	return ok
}

// Released returns whether the draw was held and its results are released.
func (d *Draw) Released() bool {
	select {
	case <-d.released:
		return true
	default:
		return false
	}
}

// Missing returns the number of agencies that have not finished.
func (d *Draw) Missing() int { return d.barrier.Missing() }

// Finish records that an agency has no more bets. total is the number of bets that
// the agency says it has sent, and stored the number that are stored. The caller
// ensures that no bet of the agency is stored during the call or later.
//
// Finish returns nil when this is durable, and also if the agency has finished before
// with the same total. It fails with central.ErrTotal if total differs from stored or
// from the total before, and with the store's error.
//
// When an agency finishes for the first time, Finish calls arrived with the number of
// agencies that are still missing. The calls do not overlap, and the draw begins
// after them.
func (d *Draw) Finish(id lottery.AgencyID, total, stored lottery.Offset, arrived func(missing int)) error {
	d.mu.Lock()
	before, again := d.finished[id]
	d.mu.Unlock()
	switch {
	case total != stored:
		return fmt.Errorf("%w: agency %d sent %d bets, %d are stored", central.ErrTotal, id, total, stored)
	case again && total != before:
		return fmt.Errorf("%w: agency %d sent %d bets, it has finished with %d", central.ErrTotal, id, total, before)
	case again:
		return nil
	}
	if err := d.store.RecordFinished(id, total); err != nil {
		return fmt.Errorf("record that agency %d has finished: %w", id, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, again := d.finished[id]; !again {
		d.finished[id] = total
		arrived(d.barrier.Missing() - 1) // without this agency
		d.barrier.Arrive(id)             // may begin the draw, so it comes after the call of arrived
	}
	return nil
}

// Winners waits for the draw and returns the documents of an agency's winners.
// It fails with the context's cause if the context ends first.
func (d *Draw) Winners(ctx context.Context, id lottery.AgencyID) ([]string, error) {
	select {
	case <-d.released:
		return d.winners[id], nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Run waits for all agencies. Then it finds the winners, records the draw, announces
// it, pauses, and releases the results, in this order. It tries to record the draw
// until that succeeds. Run returns after the release or when the context ends.
func (d *Draw) Run(ctx context.Context) {
	select {
	case <-d.barrier.Done():
	case <-ctx.Done():
		return
	}
	won, bets := d.store.Winners()
	if !d.recovered && !d.record(ctx) {
		return
	}
	d.options.Announce(d.recovered, bets, len(won))
	if !d.recovered {
		_ = retry.Pause(ctx, d.options.PublishDelay) // its error is that ctx has ended
	}
	if ctx.Err() == nil {
		d.winners = documents(won)
		close(d.released)
	}
}

// record records that the draw was held. It returns false if the context ends
// before that is done.
func (d *Draw) record(ctx context.Context) bool {
	backoff := retry.Backoff{Least: leastPause, Most: mostPause}
	for {
		err := d.store.RecordDraw(d.options.Agencies)
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		d.options.Failed(err)
		if retry.Pause(ctx, backoff.Next()) != nil {
			return false
		}
	}
}

// documents groups the winners' documents by agency.
func documents(won []Winner) map[lottery.AgencyID][]string {
	byAgency := make(map[lottery.AgencyID][]string)
	for _, w := range won {
		byAgency[w.Agency] = append(byAgency[w.Agency], w.Document)
	}
	return byAgency
}
