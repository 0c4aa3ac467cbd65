package replica

import (
	"errors"
	"fmt"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// Overview implements central.Observable.
func (c *Central) Overview() central.Overview {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := central.Overview{Missing: c.fold.Missing(c.options.Agencies), Drawn: isClosed(c.released)}
	for _, id := range central.Listed(c.options.Agencies, c.fold.ids()) {
		a := c.fold.Agency(id)
		p := central.Progress{ID: id, Stored: a.Bets, Finished: a.Finished}
		if seen.Drawn {
			p.Winners = len(a.Winners)
		}
		seen.Agencies = append(seen.Agencies, p)
	}
	return seen
}

var errCut = errors.New("the log does not answer")

// Storage implements central.Observable: the log may not answer.
func (c *Central) Storage() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isCut() {
		return nil
	}
	return fmt.Errorf("%w: its leader did so last at %s", errCut, c.answered.UTC().Format(time.RFC3339))
}

// LogState is what a central knows of its log.
type LogState struct {
	Status
	Folded   uint64    // the sequence number of the entry that was folded last
	Void     uint64    // how many entries and segments were void
	Answered time.Time // when the log's leader answered last
	Cut      bool      // that was so long ago that this central serves nobody
}

// LogState returns what the central knows of its log.
func (c *Central) LogState() LogState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return LogState{Status: c.status, Folded: c.fold.Sequence, Void: c.fold.Void, Answered: c.answered, Cut: c.isCut()}
}

// Totals counts what is stored of all agencies, and how many of them have finished.
func (c *Central) Totals() (bets uint64, finished int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	bets, _ = c.fold.Totals()
	return bets, c.options.Agencies - c.fold.Missing(c.options.Agencies)
}
