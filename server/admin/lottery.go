package admin

import "github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"

// Source is what the operator's side needs of the central and of the server's
// connections. Its methods may be called by any goroutine, and return soon.
type Source interface {
	// Lottery returns how far the lottery is.
	Lottery() Lottery

	// Storage returns why the storage is failing: a write to the disk has failed and
	// none has succeeded since, or the replicated log does not answer. It is nil if it
	// is not failing.
	Storage() error
}

// Lottery is how far a lottery is. It says nothing of winners that are not released.
type Lottery struct {
	Agencies []Agency // those that take part, and others of which bets are stored; ordered by id
	Missing  int      // how many agencies have not finished
	Drawn    bool     // the draw was held and its results are released
}

// Agency is how far one agency is.
type Agency struct {
	ID        lottery.AgencyID
	Stored    lottery.Offset // how many of its bets are stored
	Finished  bool           // it has said that it has no more bets
	Connected bool           // a session speaks for it
	Notified  bool           // since the start of this central it was told its winners
	Winners   int            // how many it has; only after the release
}

// The states of an agency, as the board knows them. Where there are several centrals, an
// agency may be connected to another one.
const (
	agencyAbsent    = "absent"    // has not finished, and is not connected; some of its bets may be stored
	agencyUploading = "uploading" // has not finished, and is connected
	agencyFinished  = "finished"  // has finished, and is not connected
	agencyWaiting   = "waiting"   // has finished, and waits for its winners
	agencyNotified  = "notified"  // was told its winners
)

func (a Agency) state() string {
	switch {
	case a.Notified:
		return agencyNotified
	case a.Finished && a.Connected:
		return agencyWaiting
	case a.Finished:
		return agencyFinished
	case a.Connected:
		return agencyUploading
	}
	return agencyAbsent
}

// bets returns how many bets of all agencies are stored.
func (l Lottery) bets() (n uint64) {
	for _, a := range l.Agencies {
		n += uint64(a.Stored)
	}
	return n
}

// winners returns how many bets of all agencies have won; 0 before the release.
func (l Lottery) winners() (n int) {
	for _, a := range l.Agencies {
		n += a.Winners
	}
	return n
}

// The states of the central, as the board knows them.
const (
	centralRecovering = "recovering" // reads what is stored
	centralFailing    = "storage_failing"
	centralUploading  = "uploading"
	centralDrawing    = "drawing" // all agencies have finished
	centralDrawn      = "drawn"   // the results are released
	centralStopping   = "stopping"
)

// observation is what the server sees at one moment.
type observation struct {
	state    string
	expected int
	log      *Log // nil where there is none
	Lottery
}

// observe looks at the central.
func (s *Server) observe() observation {
	o := observation{expected: s.options.Expected, state: centralRecovering}
	if log := s.log.Load(); log != nil {
		seen := (*log)()
		o.log = &seen
	}
	if source := s.source.Load(); source != nil {
		o.Lottery = (*source).Lottery()
		o.state = o.progress()
		if (*source).Storage() != nil {
			o.state = centralFailing
		}
	}
	if s.stopping.Load() {
		o.state = centralStopping
	}
	return o
}

// progress is the state of a central that is ready.
func (o observation) progress() string {
	switch {
	case o.Drawn:
		return centralDrawn
	case o.expected > 0 && o.Missing == 0:
		return centralDrawing
	}
	return centralUploading
}
