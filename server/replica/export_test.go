package replica

import (
	"errors"
	"fmt"
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

// entryOf makes an entry of segments. Each holds bets whose first names are the letters of
// a text.
func entryOf(t *testing.T, segments []Segment, names ...string) *Bets {
	t.Helper()
	b := &Bets{Segments: segments}
	for i := range segments {
		var bets []lottery.Bet
		for _, letter := range names[i] {
			bet := blockBets[0]
			bet.FirstName = string(letter)
			bets = append(bets, bet)
		}
		body := block(t, bets...)
		segments[i].Count, segments[i].Length = lottery.Offset(len(bets)), len(body)
		b.Body = append(b.Body, body...)
	}
	return b
}

// Only the bets of segments that count are exported, up to the entry that was asked for.
func TestExport(t *testing.T) {
	entries := []Entry{
		&Claim{Agency: 1, Nonce: "a"}, &Claim{Agency: 2, Nonce: "b"},
		entryOf(t, []Segment{{Agency: 1, Session: 1}, {Agency: 2, Session: 1}, {Agency: 2, Session: 2}}, "a", "x", "bc"),
		entryOf(t, []Segment{{Agency: 2, Session: 2}}, "bc"),
		entryOf(t, []Segment{{Agency: 2, Session: 2, Offset: 2}}, "d"),
		entryOf(t, []Segment{{Agency: 2, Session: 2, Offset: 3}}, "z"),
	}
	var got strings.Builder
	write := func(id lottery.AgencyID, at lottery.Offset, bets []lottery.Bet) error {
		fmt.Fprint(&got, id, at, ":")
		for _, bet := range bets {
			got.WriteString(bet.FirstName)
		}
		got.WriteString(" ")
		return nil
	}
	fold, err := Export(inOrder(entries), 5, write)
	if err != nil || got.String() != "1 0:a 2 0:bc 2 2:d " || fold.Agency(2).Bets != 3 || fold.Sequence != 5 {
		t.Errorf("exported %q, fold %+v, %v", got.String(), fold, err)
	}
	if fold, err := Export(inOrder(nil), 0, write); err != nil || fold.Sequence != 0 {
		t.Errorf("an empty log: %+v, %v", fold, err)
	}
	if _, err := Export(inOrder(entries), 7, write); err == nil || !strings.Contains(err.Error(), "ends with entry 6, expected 7") {
		t.Errorf("a log that is too short: %v", err)
	}
	full := errors.New("disk full")
	if _, err := Export(inOrder(entries), 5, func(lottery.AgencyID, lottery.Offset, []lottery.Bet) error { return full }); !errors.Is(err, full) {
		t.Errorf("a write that fails: %v", err)
	}
	for _, body := range [][]byte{block(t, blockBets[0], blockBets[1]), []byte("abc")} {
		entries[2] = &Bets{Segments: []Segment{{Agency: 1, Session: 1, Count: 1, Length: len(body)}}, Body: body}
		if _, err := Export(inOrder(entries), 5, write); !errors.Is(err, ErrCorrupted) || !strings.HasPrefix(err.Error(), "export entry 3: ") {
			t.Errorf("the body %q: %v", body, err)
		}
	}
}
