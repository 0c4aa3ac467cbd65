package store

import (
	"errors"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
)

// This file holds the methods of draw.Store.

// Winners returns the durable bets that have won, in the order of storage, and how
// many bets are durable. Do not modify the slice.
func (s *Store) Winners() (won []draw.Winner, stored uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.winners, s.bets
}

// appendWinner appends a bet to dst if it has won. It copies the document, because
// the texts of a bet are parts of a larger string.
func appendWinner(dst []draw.Winner, bet *lottery.Bet) []draw.Winner {
	if !lottery.HasWon(bet) {
		return dst
	}
	return append(dst, draw.Winner{Agency: bet.Agency, Document: strings.Clone(bet.Document)})
}

// sumOfWinners is the CRC-32C of the winners in the order of storage, each as a
// line "AGENCY DOCUMENT" with the document quoted.
func sumOfWinners(winners []draw.Winner) (sum uint32) {
	for _, w := range winners {
		sum = crc32.Update(sum, castagnoli, fmt.Appendf(nil, "%d %q\n", w.Agency, w.Document))
	}
	return sum
}

// Finished returns the agencies that have finished, and with how many bets.
func (s *Store) Finished() map[lottery.AgencyID]lottery.Offset {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	totals := make(map[lottery.AgencyID]lottery.Offset, len(s.journal.finished))
	for id, entry := range s.journal.finished {
		totals[id] = entry.Bets
	}
	return totals
}

// Drawn returns whether the draw is in the journal.
func (s *Store) Drawn() bool {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return s.journal.draw != nil
}

// RecordFinished notes in the journal that an agency has uploaded all its bets, which
// must be stored. With Options.Sync this is durable when it returns nil. It does
// nothing if the journal has the same total, and fails if the journal has another.
func (s *Store) RecordFinished(id lottery.AgencyID, total lottery.Offset) error {
	state := s.State(id)
	if state.Bets != total {
		return fmt.Errorf("agency %d has finished with %d bets, %d are stored", id, total, state.Bets)
	}
	return s.addEntry(finishedEntry{agency: id, State: state})
}

// RecordDraw notes in the journal that the draw was held, and how many agencies took
// part. With Options.Sync this is durable when it returns nil.
func (s *Store) RecordDraw(agencies int) error {
	winners, bets := s.Winners()
	return s.addEntry(drawEntry{agencies: agencies, bets: bets, winners: len(winners), sum: sumOfWinners(winners)})
}

// addEntry adds an entry to the journal.
func (s *Store) addEntry(entry fmt.Stringer) error {
	if err := s.usable(); err != nil {
		return err
	}
	// An entry says what bets.csv holds. So nobody else may have changed that file.
	s.writer <- struct{}{}
	err := s.file.check(s.file.size)
	<-s.writer
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrBroken, err)
	} else {
		err = s.journal.add(entry)
	}
	if errors.Is(err, ErrBroken) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.breakDown(err)
	}
	return err
}
