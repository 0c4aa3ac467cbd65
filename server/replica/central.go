// Package replica is a central that survives its machine. Several centrals append
// to one totally ordered log, and each folds it, in order, into the same state.
//
//	StoreBets ─▶ group ─▶ Log.Append ─▶ the log ─▶ Log.Follow ─▶ Fold ─▶ Commit
//	                                        └─────── acknowledged ───────▶
//
// The fold decides what counts. So a central that does not know what became of an
// entry appends it again, and the copy is void. Any number of centrals may serve
// agencies at the same time; they speak to one another through the log only.
package replica

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/retry"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

const (
	// silence is how long the log may leave an entry without an answer; then the
	// central appends it again.
	silence = 2 * time.Second

	// patience is how long a central waits for the log in all. The election of a
	// new leader takes some five seconds.
	patience = 10 * time.Second

	// checkpointEvery is how many entries there are from one checkpoint to the
	// next: to fold so many takes less than a second.
	checkpointEvery = 1000
)

// Options are the settings of a central.
type Options struct {
	// Agencies is how many agencies the draw waits for: those with the ids 1 to
	// Agencies. With 0 there is never a draw.
	Agencies int

	// PublishDelay is the pause between the draw and the release of its results.
	// There is none after a restart.
	PublishDelay time.Duration

	// Announce is called when the draw was held, before anybody learns of its
	// results from this central. It may be nil.
	Announce func(how DrawnBy, bets uint64, winners int)
}

// DrawnBy says whose draw it is.
type DrawnBy int

const (
	AnotherCentral DrawnBy = iota // another was first
	ThisCentral                   // this one was
	Before                        // it was held before this central was started
)

// Central is a central.Central over a Log. Run makes it work.
type Central struct {
	log       Log
	options   Options
	id        string // of this process, in what it appends
	takeovers central.Takeovers
	stages

	folded chan struct{} // capacity 1: the fold has gone on
	due    chan []byte   // capacity 1: a checkpoint that is to be saved

	mu         sync.Mutex // guards what follows
	fold       *Fold
	existing   uint64    // the last entry that the log held at the start
	checkpoint uint64    // the entry after which a checkpoint was due last
	status     Status    // what the log's leader said last
	answered   time.Time // when it did
	drawnBy    DrawnBy
	claims     map[string]*claimant               // by nonce
	claimed    map[lottery.AgencyID]SessionNumber // the newest that this central has claimed
	sessions   map[lottery.AgencyID]*session      // those of this central that are current
	queue      queue                              // what the sessions of this central have queued
}

// stages are what happens to a central, each once. A channel is closed when it has
// happened. If the log held all bets or the draw at the start, complete and drawn come
// before ready.
//
//	Run ─┬─▶ ready
//	     ├─▶ complete ─▶ drawn ─▶ released
//	     └─▶ stopping, at any time
type stages struct {
	ready    chan struct{} // it has folded what the log held at the start
	complete chan struct{} // all agencies have finished
	drawn    chan struct{} // the draw was folded
	released chan struct{} // its results are released
	stopping chan struct{} // Run ends
}

func newStages() stages {
	return stages{make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})}
}

// New returns a central that serves nobody before Run is called.
func New(log Log, options Options) *Central {
	if options.Announce == nil {
		options.Announce = func(DrawnBy, uint64, int) {}
	}
	return &Central{
		log:      log,
		options:  options,
		id:       rand.Text(),
		stages:   newStages(),
		folded:   make(chan struct{}, 1),
		due:      make(chan []byte, 1),
		fold:     NewFold(),
		claims:   make(map[string]*claimant),
		claimed:  make(map[lottery.AgencyID]SessionNumber),
		sessions: make(map[lottery.AgencyID]*session),
		queue:    newQueue(),
	}
}

// Expects returns whether an agency takes part in the lottery.
func (c *Central) Expects(id lottery.AgencyID) bool {
	return id >= 1 && uint64(id) <= uint64(c.options.Agencies)
}

// Ready is closed when the central has folded what the log held at the start.
func (c *Central) Ready() <-chan struct{} { return c.ready }

// Run folds the log and serves sessions until ctx ends. It fails if the log cannot
// be reached at the start, or cannot be trusted. After that whatever sessions have
// queued is of an unknown outcome.
func (c *Central) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer c.stop()
	if err := c.begin(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // it was stopped meanwhile
		}
		return err
	}
	var running sync.WaitGroup
	running.Go(func() { c.send(ctx) })
	running.Go(func() { c.watch(ctx) })
	running.Go(func() { c.hold(ctx) })
	running.Go(func() { c.saveCheckpoints(ctx) })
	err := c.follow(ctx)
	cancel()
	running.Wait()
	return err
}

// stop ends all sessions.
func (c *Central) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.stopping)
	c.lose()
}

// begin asks the log where it ends, and takes the newest checkpoint if that is any
// good.
func (c *Central) begin(ctx context.Context) error {
	status, err := c.end(ctx)
	if err != nil {
		return fmt.Errorf("ask the log for its end: %w", err)
	}
	loading, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	text, _ := c.log.LoadCheckpoint(loading) // without one, the fold begins at the first entry
	c.mu.Lock()
	defer c.mu.Unlock()
	if fold, err := ParseCheckpoint(text); err == nil && fold.Sequence <= status.Last {
		c.fold = fold
	}
	c.existing, c.checkpoint = status.Last, c.fold.Sequence
	c.status, c.answered = status, time.Now()
	return nil
}

// end asks for the log's status. While a cluster forms, some of its servers do not know
// the log, or do not answer.
func (c *Central) end(ctx context.Context) (status Status, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if status, err = c.log.Status(ctx); err == nil || retry.Pause(ctx, pause) != nil {
			return status, err
		}
	}
}

// watch asks the log's leader for its status, and gives the sessions up when that
// does not answer any more.
func (c *Central) watch(ctx context.Context) {
	for retry.Pause(ctx, silence/2) == nil {
		asking, cancel := context.WithTimeout(ctx, silence)
		status, err := c.log.Status(asking)
		cancel()
		c.mu.Lock()
		if err == nil {
			c.status, c.answered = status, time.Now()
		} else if c.isCut() {
			c.lose()
		}
		c.mu.Unlock()
	}
}

// isCut returns whether the log has not answered for so long that the agencies should
// look for another central. It looks at the clock, and not at what watch has noticed:
// a process that was paused knows it at once. Under c.mu.
func (c *Central) isCut() bool { return isClosed(c.stopping) || time.Since(c.answered) > patience }

// lose gives up all sessions: nobody knows what becomes of what they have queued.
// Under c.mu.
func (c *Central) lose() {
	for _, s := range c.sessions {
		s.end(central.ErrUnknown)
	}
	clear(c.sessions)
}

// isClosed returns whether a channel that carries nothing is closed.
func isClosed(event <-chan struct{}) bool {
	select {
	case <-event:
		return true
	default:
		return false
	}
}

// signal makes an event of capacity 1 pending.
func signal(event chan<- struct{}) {
	select {
	case event <- struct{}{}:
	default:
	}
}
