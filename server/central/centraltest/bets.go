package centraltest

import (
	"errors"
	"sync"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

func testExpects(s *suite) {
	for id, want := range map[lottery.AgencyID]bool{0: false, 1: true, 3: true, 4: false, 1<<32 - 1: false} {
		if got := s.central.Expects(id); got != want {
			s.Errorf("agency %d is expected: %t", id, got)
		}
	}
}

// What is stored already is skipped, and a gap is an error that changes nothing.
func testOffsets(s *suite) {
	session := s.claim(1, 1)
	defer session.Release()
	s.want(session, 1, 0, false, false)
	for _, step := range []struct {
		name      string
		from, end lottery.Offset
		fresh     int // -1: a gap
		stored    lottery.Offset
	}{
		{"a gap at the beginning", 1, 5, -1, 0},
		{"none at the beginning", 0, 0, 0, 0},
		{"the first", 0, 10, 10, 10},
		{"the same again", 0, 10, 0, 10},
		{"a part of them", 3, 7, 0, 10},
		{"an overlap", 5, 15, 5, 15},
		{"an overlap with all", 0, 20, 5, 20},
		{"the next", 20, 21, 1, 21},
		{"none at the end", 21, 21, 0, 21},
		{"a gap", 22, 30, -1, 21},
		{"none after a gap", 22, 22, -1, 21},
		{"after a gap", 21, 30, 9, 30},
	} {
		if step.fresh >= 0 {
			s.store(session, 1, step.from, step.end, step.fresh)
		} else if _, err := s.try(session, 1, step.from, step.end); !errors.Is(err, central.ErrGap) {
			s.Errorf("%s: got error %v", step.name, err)
		}
		s.want(session, 1, step.stored, false, false)
		if s.Failed() {
			s.Fatal(step.name)
		}
	}
}

// Batches are queued before the ones before them are durable, some twice.
func testPipeline(s *suite) {
	session := s.claim(1, 1)
	defer session.Release()
	type queued struct {
		central.Commit
		end   lottery.Offset
		fresh int
	}
	var all []queued
	const size, batches = 7, 60
	for n := range lottery.Offset(batches) {
		from := n * size
		all = append(all, queued{s.queue(session, 1, from, from+size), from + size, size})
		if n%5 == 1 {
			all = append(all, queued{s.queue(session, 1, from-3, from+size), from + size, 0})
		}
	}
	if _, err := s.try(session, 1, size*batches+1, size*batches+2); !errors.Is(err, central.ErrGap) {
		s.Errorf("a gap after what is queued: %v", err)
	}
	for i, commit := range all {
		if err := commit.Wait(); err != nil {
			s.Fatalf("batch %d: %v", i, err)
		}
		if commit.Fresh() != commit.fresh || commit.End() != commit.end {
			s.Errorf("batch %d: %d new up to %d, want %d up to %d", i, commit.Fresh(), commit.End(), commit.fresh, commit.end)
		}
		if got := session.State().Stored; got < commit.end {
			s.Errorf("batch %d is acknowledged up to %d, stored are %d", i, commit.end, got)
		}
	}
	s.want(session, 1, size*batches, false, false)
}

// The caller decodes the next batch into the bets of this one.
func testReusedBets(s *suite) {
	session := s.claim(1, 1)
	defer session.Release()
	batch := bets(1, 0, 10)
	records := s.records(batch)
	commit, err := session.StoreBets(0, batch, records)
	if err != nil {
		s.Fatal(err)
	}
	clear(batch)
	clear(records)
	if err := commit.Wait(); err != nil {
		s.Fatal(err)
	}
	s.want(session, 1, 10, false, false)
}

// Of a batch with one invalid bet nothing is stored. The next batch may take its
// place.
func testInvalidBet(s *suite) {
	session := s.claim(1, 1)
	defer session.Release()
	s.store(session, 1, 0, 5, 5)
	invalid := bets(1, 5, 10)
	invalid[3].LastName = "a\nb"
	if _, err := session.StoreBets(5, invalid, s.records(invalid)); !errors.Is(err, lottery.ErrInvalidBet) {
		s.Errorf("got error %v", err)
	}
	s.want(session, 1, 5, false, false)
	s.store(session, 1, 5, 9, 4)
	s.want(session, 1, 9, false, false)
}

// Agencies that upload at the same time have no part in each other.
func testManyAgencies(s *suite) {
	var uploads sync.WaitGroup
	defer uploads.Wait()
	for id := lottery.AgencyID(1); id <= 20; id++ {
		session := s.claim(id, uint64(id))
		uploads.Go(func() {
			defer session.Release()
			total := 10 * lottery.Offset(id)
			var last central.Commit
			for from := lottery.Offset(0); from < total; from += 5 {
				commit, err := s.try(session, id, from, from+5)
				if err != nil {
					s.Errorf("agency %d: %v", id, err)
					return
				}
				if last != nil && last.Wait() != nil {
					s.Errorf("agency %d: a batch is not stored", id)
				}
				last = commit
			}
			if err := last.Wait(); err != nil {
				s.Errorf("agency %d: %v", id, err)
			}
			s.want(session, id, total, false, false)
		})
	}
}
