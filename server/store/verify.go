package store

import (
	"fmt"
	"maps"
	"slices"
)

// verifyAgencies fails if bets are stored of an agency that does not take part. With 0
// agencies no agency is served and there is never a draw, so stored bets of any agency fit.
func (s *Store) verifyAgencies(agencies int) error {
	if agencies == 0 {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(s.agencies)) {
		if uint64(id) > uint64(agencies) {
			return fmt.Errorf("%s holds bets of agency %d, and only %d agencies are expected: the draw would be held without them", s.path, id, agencies)
		}
	}
	return nil
}

// verifyJournal compares the journal with the bets that are stored and with the number
// of agencies that take part. Its error names both files. With 0 agencies a journal of
// any number fits.
func (s *Store) verifyJournal(agencies int) error {
	if err := s.mismatch(agencies); err != nil {
		return fmt.Errorf("%s does not fit %s: %w", s.journal.path, s.path, err)
	}
	return nil
}

func (s *Store) mismatch(agencies int) error {
	j := s.journal
	for _, id := range slices.Sorted(maps.Keys(j.finished)) {
		finished, stored := j.finished[id], s.State(id)
		switch {
		case agencies > 0 && uint64(id) > uint64(agencies):
			return fmt.Errorf("agency %d has finished, and only %d are expected", id, agencies)
		case stored.Bets != finished.Bets:
			return fmt.Errorf("agency %d has finished with %d bets, %d are stored", id, finished.Bets, stored.Bets)
		case stored.Sum != finished.Sum:
			return fmt.Errorf("agency %d has finished with bets of checksum %08x, those stored have %08x: a row of the agency was changed", id, finished.Sum, stored.Sum)
		}
	}
	if j.draw == nil {
		return nil
	}
	switch winners := sumOfWinners(s.winners); {
	case agencies > 0 && j.draw.agencies != agencies:
		return fmt.Errorf("the draw was held for %d agencies, not for %d", j.draw.agencies, agencies)
	case len(j.finished) != j.draw.agencies:
		return fmt.Errorf("the draw was held, and only %d of %d agencies have finished", len(j.finished), j.draw.agencies)
	case j.draw.bets != s.bets:
		return fmt.Errorf("the draw was held over %d bets, %d are stored", j.draw.bets, s.bets)
	case j.draw.winners != len(s.winners) || j.draw.sum != winners:
		return fmt.Errorf("the draw had %d winners of checksum %08x, the stored bets have %d of %08x", j.draw.winners, j.draw.sum, len(s.winners), winners)
	}
	return nil
}
