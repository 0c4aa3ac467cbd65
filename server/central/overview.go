package central

import (
	"slices"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// Observable is a central that shows how far the lottery is. Any goroutine may call its
// methods. They return soon.
type Observable interface {
	// Overview leaves the winners out before their release.
	Overview() Overview

	// Storage returns why the central cannot store bets at present, nil if it can.
	Storage() error
}

// Overview is how far a lottery is.
type Overview struct {
	Agencies []Progress // of the agencies that Listed returns, ordered by id
	Missing  int        // how many agencies have not finished
	Drawn    bool       // the draw was held and its results are released
}

// Progress is how far an agency is.
type Progress struct {
	ID       lottery.AgencyID
	Stored   lottery.Offset // how many of its bets are stored
	Finished bool
	Winners  int // how many it has; 0 before the release
}

// maxAbsent is up to which id an Overview lists agencies of which nothing is stored. A
// lottery may be set up for two thousand million agencies.
const maxAbsent = 4096

// Listed returns the ids that an Overview lists, in order: those that take part, 1 to n,
// up to a bound, and those of which bets are stored. It changes stored.
func Listed(n int, stored []lottery.AgencyID) []lottery.AgencyID {
	for id := range min(n, maxAbsent) {
		stored = append(stored, lottery.AgencyID(id+1))
	}
	slices.Sort(stored)
	return slices.Compact(stored)
}
