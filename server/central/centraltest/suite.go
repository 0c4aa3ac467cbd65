// Package centraltest is the conformance suite of central.Central: every
// implementation passes it.
package centraltest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// Open returns a central without bets, for agencies with the ids 1 to agencies. It
// runs until the test ends.
type Open func(t *testing.T, agencies int) central.Central

// Run runs the suite on the centrals that open returns, each test on one of its own.
func Run(t *testing.T, open Open) {
	for _, tt := range []struct {
		name     string
		agencies int
		test     func(*suite)
	}{
		{"Expects", 3, testExpects},
		{"Offsets", 2, testOffsets},
		{"Pipeline", 1, testPipeline},
		{"ReusedBets", 1, testReusedBets},
		{"InvalidBet", 1, testInvalidBet},
		{"ManyAgencies", 20, testManyAgencies},
		{"Supersede", 1, testSupersede},
		{"LateClaim", 1, testLateClaim},
		{"ChainOfClaims", 1, testChainOfClaims},
		{"RaceOfClaims", 1, testRaceOfClaims},
		{"Finish", 2, testFinish},
		{"FinishAgain", 2, testFinishAgain},
		{"Winners", 3, testWinners},
		{"WinnersCancelled", 2, testWinnersCancelled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
			defer cancel()
			tt.test(&suite{T: t, ctx: ctx, central: open(t, tt.agencies)})
		})
	}
}

// testTimeout is how long a test waits for what must come.
const testTimeout = 30 * time.Second

// suite is one test with its central.
type suite struct {
	*testing.T
	ctx     context.Context // ends after testTimeout
	central central.Central
}

// claim begins a session that nothing supersedes.
func (s *suite) claim(id lottery.AgencyID, number uint64) central.Session {
	s.Helper()
	session, err := s.central.Claim(s.ctx, id, number, func() { s.Errorf("session %d of agency %d is superseded", number, id) })
	if err != nil {
		s.Fatalf("claim %d of agency %d: %v", number, id, err)
	}
	return session
}

// queue queues the bets from to end of an agency.
func (s *suite) queue(session central.Session, id lottery.AgencyID, from, end lottery.Offset) central.Commit {
	s.Helper()
	commit, err := s.try(session, id, from, end)
	if err != nil {
		s.Fatalf("bets %d to %d of agency %d: %v", from, end, id, err)
	}
	return commit
}

// try queues the bets from to end of an agency, if the session takes them.
func (s *suite) try(session central.Session, id lottery.AgencyID, from, end lottery.Offset) (central.Commit, error) {
	s.Helper()
	batch := bets(id, from, end)
	return session.StoreBets(from, batch, s.records(batch))
}

// store stores the bets from to end of an agency, of which fresh are new.
func (s *suite) store(session central.Session, id lottery.AgencyID, from, end lottery.Offset, fresh int) {
	s.Helper()
	commit := s.queue(session, id, from, end)
	if err := commit.Wait(); err != nil {
		s.Fatalf("bets %d to %d of agency %d: %v", from, end, id, err)
	}
	if !commit.Ready() || commit.Fresh() != fresh || commit.End() != end {
		s.Errorf("bets %d to %d of agency %d: ready %t, %d new up to %d; want %d", from, end, id, commit.Ready(), commit.Fresh(), commit.End(), fresh)
	}
}

// want checks the state of a session's agency, of which the first bets are stored.
func (s *suite) want(session central.Session, id lottery.AgencyID, stored lottery.Offset, finished, drawn bool) {
	s.Helper()
	want := central.State{Stored: stored, Sum: s.sum(bets(id, 0, stored)), Finished: finished, Drawn: drawn}
	if got := session.State(); got != want {
		s.Errorf("agency %d: state %+v, want %+v", id, got, want)
	}
}

// sum is the checksum of bets.
func (s *suite) sum(bets []lottery.Bet) uint32 {
	s.Helper()
	return protocol.Checksum(0, s.records(bets))
}

// records are the records of bets, one after the other.
func (s *suite) records(bets []lottery.Bet) (records []byte) {
	s.Helper()
	for i := range bets {
		var err error
		if records, err = protocol.AppendRecord(records, &bets[i]); err != nil {
			s.Error(err)
		}
	}
	return records
}

// wait fails the test if an event does not come.
func (s *suite) wait(event <-chan struct{}, what string) {
	s.Helper()
	select {
	case <-event:
	case <-s.ctx.Done():
		s.Fatalf("not in time: %s", what)
	}
}

// bets makes the bets from to end of an agency. One in ten wins.
func bets(id lottery.AgencyID, from, end lottery.Offset) []lottery.Bet {
	made := make([]lottery.Bet, 0, end-from)
	for at := from; at < end; at++ {
		bet := lottery.Bet{
			Agency:    id,
			FirstName: "Ana Ñusta",
			LastName:  fmt.Sprintf(`O'Hara, "la %d"`, id),
			Document:  document(id, at),
			Birthdate: lottery.Date{Year: 1999, Month: 2, Day: 28},
			Number:    int64(at),
		}
		if at%10 == 3 {
			bet.Number = lottery.WinningNumber
		}
		made = append(made, bet)
	}
	return made
}

// document is the one of a bet of an agency.
func document(id lottery.AgencyID, at lottery.Offset) string { return fmt.Sprintf("%04d%06d", id, at) }
