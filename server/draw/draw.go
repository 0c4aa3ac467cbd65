// Package draw waits until all agencies have finished, and then makes the draw. It knows nothing of bytes, files, sockets or
// logs.
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

// Ledger holds the bets that take part in the draw.
type Ledger interface {
	// Winners tells which stored bets have won, in the order of storage, and
	// how many bets are stored. Do not modify the slice.
	Winners() (won []Winner, stored uint64)
}

// Winner is a bet that has won: its agency and its document.
type Winner struct {
	Agency   lottery.AgencyID
	Document string
}

// Journal makes the draw's progress survive a restart. What its methods record
// is durable when they return nil.
type Journal interface {
	RecordFinished(id lottery.AgencyID, total lottery.Offset) error
	RecordDraw(agencies int) error // agencies: how many took part
}

// History is the state that was read from the journal at the start of the server.
// The zero value is that of a new lottery.
type History struct {
	Finished map[lottery.AgencyID]lottery.Offset // the agencies that have finished, with their totals
	Drawn    bool                                // the draw was held
}

// Options are the draw's settings.
type Options struct {
	// Agencies is how many agencies the draw waits for: those with the ids 1
	// to Agencies. With 0 there is never a draw.
	Agencies int

	// PublishDelay is the pause between the draw and the release of its
	// results. After a restart there is no pause.
	PublishDelay time.Duration

	// Announce is called when the draw has been held and recorded, before
	// anybody learns of its results. recovered: the draw was recorded before
	// this start. bets and winners count those of the draw. It may be nil.
	Announce func(recovered bool, bets uint64, winners int)

	// Failed is called each time the draw could not be recorded; Run then
	// tries again. It may be nil.
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
	options Options
	ledger  Ledger
	journal Journal
	barrier *Barrier
	drawn   bool // before this start

	mu       sync.Mutex // guards finished; held during arrived, so that its calls do not overlap
	finished map[lottery.AgencyID]lottery.Offset

	released chan struct{}                 // closed by Run once winners is set
	winners  map[lottery.AgencyID][]string // documents
}

// New returns the draw of a lottery with the given past. Nothing happens
// until Run is called.
func New(ledger Ledger, journal Journal, past History, options Options) *Draw {
	if options.Announce == nil {
		options.Announce = func(bool, uint64, int) {}
	}
	if options.Failed == nil {
		options.Failed = func(error) {}
	}
	d := &Draw{
		options:  options,
		ledger:   ledger,
		journal:  journal,
		barrier:  NewBarrier(options.Agencies),
		drawn:    past.Drawn,
		finished: make(map[lottery.AgencyID]lottery.Offset, len(past.Finished)),
		released: make(chan struct{}),
	}
	for id, total := range past.Finished {
		d.finished[id] = total
		d.barrier.Arrive(id)
	}
	return d
}

// Expects tells whether an agency takes part in the lottery.
func (d *Draw) Expects(id lottery.AgencyID) bool { return d.barrier.Expects(id) }

// HasFinished tells whether an agency has finished.
func (d *Draw) HasFinished(id lottery.AgencyID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.finished[id]
	return ok
}

// Held tells whether the draw was held and its results are out.
func (d *Draw) Held() bool {
	select {
	case <-d.released:
		return true
	default:
		return false
	}
}

// Missing is the number of agencies that have not finished.
func (d *Draw) Missing() int { return d.barrier.Missing() }

// Finish notes that an agency has no more bets. Total is what the agency says
// it has sent, stored is what the central has of it; the caller sees to it that
// no bet of the agency is stored meanwhile or later. It returns nil once the
// notification is durable, also if it was made before; an error that wraps
// central.ErrTotal if the numbers differ; else the journal's error.
//
// If this is the agency's first, arrived is told how many agencies are still
// missing: one call at a time, and before the draw can begin.
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
	if err := d.journal.RecordFinished(id, total); err != nil {
		return fmt.Errorf("record that agency %d has finished: %w", id, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, again := d.finished[id]; !again {
		d.finished[id] = total
		arrived(d.barrier.Missing() - 1) // this agency has not arrived yet
		d.barrier.Arrive(id)
	}
	return nil
}

// Winners waits for the draw and returns the documents of an agency's winners.
// It fails with the context's cause if that ends first.
func (d *Draw) Winners(ctx context.Context, id lottery.AgencyID) ([]string, error) {
	select {
	case <-d.released:
		return d.winners[id], nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Run waits for all agencies, holds the draw and releases its results, in this
// order: find the winners, record the draw, announce it, pause, release. It tries
// again to record the draw until it can. It returns after that or when the context
// ends.
func (d *Draw) Run(ctx context.Context) {
	select {
	case <-d.barrier.Done():
	case <-ctx.Done():
		return
	}
	won, bets := d.ledger.Winners()
	if !d.drawn && !d.record(ctx) {
		return
	}
	d.options.Announce(d.drawn, bets, len(won))
	if !d.drawn {
		_ = retry.Pause(ctx, d.options.PublishDelay) // if it is cut short, the context has ended
	}
	if ctx.Err() == nil {
		d.winners = documents(won)
		close(d.released)
	}
}

// record records that the draw was held. It tells whether it could before the
// context ended.
func (d *Draw) record(ctx context.Context) bool {
	backoff := retry.Backoff{Least: leastPause, Most: mostPause}
	for {
		err := d.journal.RecordDraw(d.options.Agencies)
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
