package tcp

import (
	"errors"
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// Stats is what a server has done since it was made, and who is connected.
type Stats struct {
	Connections uint64            // open now
	Accepted    uint64            // connections
	Rejected    map[string]uint64 // connections, by reason
	Batches     map[string]uint64 // by result
	Ended       map[string]uint64 // sessions of agencies, by the status that ended them
	Handshakes  map[string]uint64 // of TLS, by result
	Limited     map[string]uint64 // what was refused because of a limit: HELLOs, and bets
	Agencies    map[lottery.AgencyID]Presence
}

// Presence is how a server has met an agency.
type Presence struct {
	Connected bool // a session speaks for it
	Notified  bool // it was told its winners
}

// Reasons, results and statuses of Stats that are no protocol.Status.
const (
	rejectedNoRoom  = "no_room"
	endedDone       = "winners_sent"
	endedPeerGone   = "peer_gone"
	endedEvicted    = "evicted"
	endedOtherwise  = "failed"
	batchesStored   = "stored"
	batchesRepeated = "repeated"
	batchesRefused  = "refused"
	handshakesDone  = "success"
	handshakesBad   = "refused" // a certificate was refused, or what the peer said was not TLS 1.3
	handshakesLost  = "lost"    // the peer has gone, or was silent for too long
	limitedHellos   = "hellos"
	limitedBets     = "bets"
)

// stats counts. The zero value is ready. Per connection and session it takes a lock;
// per batch it only adds.
type stats struct {
	accepted, rejected         atomic.Uint64
	stored, repeated, refused  atomic.Uint64 // batches
	secured, unproved, lost    atomic.Uint64 // handshakes
	hellosLimited, betsLimited atomic.Uint64 // refused because of a limit

	mu       sync.Mutex
	ended    map[string]uint64
	sessions map[lottery.AgencyID]int // how many speak for an agency, or end
	notified map[lottery.AgencyID]bool
}

// Stats returns what the server has done so far.
func (s *Server) Stats() Stats {
	seen := Stats{
		Connections: s.slots.taken(),
		Accepted:    s.stats.accepted.Load(),
		Rejected:    map[string]uint64{rejectedNoRoom: s.stats.rejected.Load()},
		Batches: map[string]uint64{
			batchesStored:   s.stats.stored.Load(),
			batchesRepeated: s.stats.repeated.Load(),
			batchesRefused:  s.stats.refused.Load(),
		},
		Handshakes: map[string]uint64{
			handshakesDone: s.stats.secured.Load(),
			handshakesBad:  s.stats.unproved.Load(),
			handshakesLost: s.stats.lost.Load(),
		},
		Limited: map[string]uint64{limitedHellos: s.stats.hellosLimited.Load(), limitedBets: s.stats.betsLimited.Load()},
	}
	s.stats.mu.Lock()
	defer s.stats.mu.Unlock()
	seen.Ended = maps.Clone(s.stats.ended)
	seen.Agencies = make(map[lottery.AgencyID]Presence, len(s.stats.sessions))
	for id, sessions := range s.stats.sessions {
		seen.Agencies[id] = Presence{Connected: sessions > 0, Notified: s.stats.notified[id]}
	}
	return seen
}

// speaks counts a session that begins to speak for an agency (by 1) or ends (by -1).
func (s *stats) speaks(id lottery.AgencyID, by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions == nil {
		s.sessions = make(map[lottery.AgencyID]int)
	}
	s.sessions[id] += by
}

// winnersSent notes that an agency was told its winners.
func (s *stats) winnersSent(id lottery.AgencyID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.notified == nil {
		s.notified = make(map[lottery.AgencyID]bool)
	}
	s.notified[id] = true
}

// end counts a session that has ended for a reason.
func (s *stats) end(reason error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil {
		s.ended = make(map[string]uint64)
	}
	s.ended[statusOf(reason)]++
}

// statusOf names the reason for which a session has ended.
func statusOf(reason error) string {
	if message, ok := errors.AsType[*protocol.Error](reason); ok {
		return strings.ReplaceAll(message.Status.String(), " ", "_")
	}
	switch {
	case errors.Is(reason, errOver):
		return endedDone
	case errors.Is(reason, errPeerGone):
		return endedPeerGone
	case errors.Is(reason, errEvicted):
		return endedEvicted
	}
	return endedOtherwise
}
