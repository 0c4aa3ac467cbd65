package replica

import (
	"fmt"
	"iter"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// Export folds the entries up to that sequence number, which must come with their
// bodies, and gives write the bets of each segment that counts, in order. It returns
// the fold.
func Export(entries iter.Seq2[Sequenced, error], last uint64, write func(id lottery.AgencyID, at lottery.Offset, bets []lottery.Bet) error) (*Fold, error) {
	fold := NewFold()
	if last == 0 {
		return fold, nil
	}
	for next, err := range entries {
		if err != nil {
			return nil, fmt.Errorf("export after entry %d: %w", fold.Sequence, err)
		}
		if err := fold.export(next, write); err != nil {
			return nil, fmt.Errorf("export entry %d: %w", next.Sequence, err)
		}
		if fold.Sequence == last {
			return fold, nil
		}
	}
	return nil, fmt.Errorf("the log ends with entry %d, expected %d", fold.Sequence, last)
}

func (f *Fold) export(next Sequenced, write func(lottery.AgencyID, lottery.Offset, []lottery.Bet) error) error {
	entry, ok := next.Entry.(*Bets)
	if !ok {
		return f.Apply(next.Sequence, next.Entry)
	}
	if err := f.next(next.Sequence); err != nil {
		return err
	}
	body := entry.Body
	for i := range entry.Segments {
		s := &entry.Segments[i]
		blocks := body[:s.Length]
		body = body[s.Length:]
		if !f.segment(s) {
			continue
		}
		bets, err := readBlocks(blocks, s.Agency)
		switch {
		case err != nil:
			return fmt.Errorf("%w: the body: %w", ErrCorrupted, err)
		case lottery.Offset(len(bets)) != s.Count:
			return fmt.Errorf("%w: the body holds %d bets, its header says %d", ErrCorrupted, len(bets), s.Count)
		}
		if err := write(s.Agency, s.Offset, bets); err != nil {
			return err
		}
	}
	return nil
}
