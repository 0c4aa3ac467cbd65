package central

import "github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"

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
	Agencies []Progress // of those that take part, and of others of which bets are stored; ordered by id
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
