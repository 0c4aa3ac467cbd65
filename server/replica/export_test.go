package replica

import (
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

func inOrder(entries []Entry) iter.Seq2[Sequenced, error] {
	return func(yield func(Sequenced, error) bool) {
		for i, e := range entries {
			if !yield(Sequenced{uint64(i + 1), e}, nil) {
				return
			}
		}
	}
}

// Only the rows of segments that count are exported, up to the entry that was asked for.
func TestExport(t *testing.T) {
	entries := []Entry{
		&Claim{Agency: 1, Nonce: "a"}, &Claim{Agency: 2, Nonce: "b"},
		&Bets{Segments: []Segment{{Agency: 1, Session: 1, Count: 1, Length: 2}, {Agency: 2, Session: 1, Count: 1, Length: 1}, {Agency: 2, Session: 2, Count: 2, Length: 3}}, Body: []byte("aaxbbb")},
		&Bets{Segments: []Segment{{Agency: 2, Session: 2, Count: 2, Length: 3}}, Body: []byte("bbb")},
		&Bets{Segments: []Segment{{Agency: 2, Session: 2, Offset: 2, Count: 1, Length: 1}}, Body: []byte("B")},
		&Bets{Segments: []Segment{{Agency: 2, Session: 2, Offset: 3, Count: 1, Length: 1}}, Body: []byte("z")},
	}
	var got strings.Builder
	write := func(id lottery.AgencyID, at lottery.Offset, rows []byte) error {
		got.WriteString(string('0'+rune(id)) + string('0'+rune(at)) + string(rows) + " ")
		return nil
	}
	fold, err := Export(inOrder(entries), 5, write)
	if err != nil || got.String() != "10aa 20bbb 22B " || fold.Agency(2).Bets != 3 || fold.Sequence != 5 {
		t.Errorf("exported %q, fold %+v, %v", got.String(), fold, err)
	}
	if fold, err := Export(inOrder(nil), 0, write); err != nil || fold.Sequence != 0 {
		t.Errorf("an empty log: %+v, %v", fold, err)
	}
	if _, err := Export(inOrder(entries), 7, write); err == nil || !strings.Contains(err.Error(), "ends with entry 6, expected 7") {
		t.Errorf("a log that is too short: %v", err)
	}
	full := errors.New("disk full")
	if _, err := Export(inOrder(entries), 5, func(lottery.AgencyID, lottery.Offset, []byte) error { return full }); !errors.Is(err, full) {
		t.Errorf("a write that fails: %v", err)
	}
}
