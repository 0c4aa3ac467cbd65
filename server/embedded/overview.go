package embedded

import (
	"context"
	"maps"
	"slices"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// Overview implements central.Observable.
func (c *Central) Overview() central.Overview {
	// The draw is asked first: what follows it is settled then.
	seen := central.Overview{Drawn: c.draw.Released(), Missing: c.draw.Missing()}
	states := c.store.States()
	for _, id := range central.Listed(c.draw.Agencies(), slices.Collect(maps.Keys(states))) {
		seen.Agencies = append(seen.Agencies, c.progress(id, states[id].Bets, seen.Drawn))
	}
	return seen
}

func (c *Central) progress(id lottery.AgencyID, stored lottery.Offset, drawn bool) central.Progress {
	p := central.Progress{ID: id, Stored: stored, Finished: c.draw.HasFinished(id)}
	if drawn {
		winners, _ := c.draw.Winners(context.Background(), id) // the results are released: it does not wait
		p.Winners = len(winners)
	}
	return p
}

// Storage implements central.Observable: the last write to a file may have failed.
func (c *Central) Storage() error { return c.store.LastWrite() }
