package agency

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv/betcsvtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// The connection is lost at any two moments. Every bet is stored once and in order,
// and the agency gets all its winners.
func TestResumesAfterAnyCut(t *testing.T) {
	bets := betcsvtest.Numbered(13)
	name := writeDataFile(t, bets)
	runWithCuts := func(t *testing.T, cuts ...int) (points int) {
		synctest.Test(t, func(t *testing.T) {
			c := &central{winners: []string{"00000001", "00000002"}, cuts: cuts}
			winners, err := Run(t.Context(), 1, name, c.dial, Options{RetryDeadline: time.Minute, BatchMaxAmount: 4})
			if err != nil {
				t.Fatalf("cut at %v: %v", cuts, err)
			}
			synctest.Wait() // for the central's side
			if !slices.Equal(c.stored, bets) || !slices.Equal(winners, c.winners) {
				t.Fatalf("cut at %v: %d bets, want %d; winners %q", cuts, len(c.stored), len(bets), winners)
			}
			points = c.points
		})
		return points
	}
	whole := runWithCuts(t)
	cuts := 0
	for first := 1; first <= whole; first++ {
		for second := first; second <= runWithCuts(t, first); second++ {
			runWithCuts(t, first, second)
			cuts++
		}
	}
	if whole < 4*7 || cuts < whole*whole/2 {
		t.Errorf("only %d points and %d pairs of them", whole, cuts)
	}
}

// An agency starts again, with batches of another size. It goes on where it was, and no
// bet is stored twice.
func TestResumesWithOtherBatches(t *testing.T) {
	bets := betcsvtest.Numbered(40)
	name := writeDataFile(t, bets)
	for at := 1; ; at++ {
		cut := true
		synctest.Test(t, func(t *testing.T) {
			c := &central{cuts: []int{at, at + 9, at + 30}}
			for _, size := range []int{7, 3, 64, 5} {
				// The shortest deadline: any lost connection ends the agency.
				_, err := Run(t.Context(), 1, name, c.dial, Options{BatchMaxAmount: size, RetryDeadline: 1})
				if err == nil {
					break
				}
				if !temporary(err) {
					t.Fatalf("cut at %v: %v", c.cuts, err)
				}
			}
			synctest.Wait() // for the central's side
			if !slices.Equal(c.stored, bets) {
				t.Fatalf("cut at %v: %d bets, want %d", c.cuts, len(c.stored), len(bets))
			}
			cut = at <= c.points
		})
		if !cut {
			return
		}
	}
}

// The central has stored a part of a batch. The agency goes on after that part.
func TestResumesInTheMiddleOfABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bets := betcsvtest.Numbered(25)
		c := &central{stored: slices.Clone(bets[:13])}
		runUpload(t, c, bets, Options{RetryDeadline: time.Minute, BatchMaxAmount: 10})
		if got := c.batches(); len(got) != 2 || got[0].offset != 13 || got[0].count != 10 || got[1].count != 2 {
			t.Errorf("batches %+v", got)
		}
	})
}

func TestResumesWhenAllIsStored(t *testing.T) {
	for _, finished := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			bets := betcsvtest.Numbered(25)
			c := &central{stored: slices.Clone(bets), finished: finished, winners: []string{"1"}}
			if winners := runUpload(t, c, bets, Options{RetryDeadline: time.Minute}); len(winners) != 1 || len(c.batches()) != 0 {
				t.Errorf("winners %q, batches %+v", winners, c.batches())
			}
		})
	}
}

// The data file is not the one whose bets are stored. That is a final error, and no
// bet of the file is sent.
func TestRefusesAnotherFile(t *testing.T) {
	bets := betcsvtest.Numbered(25)
	edited := func(change func(*lottery.Bet)) []lottery.Bet {
		other := slices.Clone(bets)
		change(&other[7])
		return other
	}
	for _, tt := range []struct {
		name string
		file []lottery.Bet
		want string
	}{
		{"edited number", edited(func(b *lottery.Bet) { b.Number++ }), "checksum"},
		{"edited document", edited(func(b *lottery.Bet) { b.Document = "0" + b.Document }), "checksum"},
		{"letters moved between fields", edited(func(b *lottery.Bet) { b.FirstName, b.LastName = b.FirstName+"P", b.LastName[1:] }), "checksum"},
		{"row deleted", slices.Delete(slices.Clone(bets), 7, 8), "checksum"},
		{"rows swapped", func() []lottery.Bet { o := slices.Clone(bets); o[3], o[4] = o[4], o[3]; return o }(), "checksum"},
		{"shorter than what is stored", bets[:19], "it has 19 bets, 20 are stored"},
		{"empty", nil, "it has 0 bets, 20 are stored"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &central{stored: slices.Clone(bets[:20])}
				_, err := Run(t.Context(), 1, writeDataFile(t, tt.file), c.dial, Options{RetryDeadline: time.Minute})
				if !errors.Is(err, errMismatch) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "agency-1.csv") {
					t.Errorf("error %v, want %q", err, tt.want)
				}
				synctest.Wait() // for the central's side
				if c.dials != 1 || len(c.arrived) != 1 {
					t.Errorf("%d connections, frames %+v", c.dials, c.arrived)
				}
			})
		})
	}
}

// Bets that were appended to a file before the agency has finished are sent too.
func TestSendsWhatWasAppended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bets := betcsvtest.Numbered(25)
		c := &central{stored: slices.Clone(bets[:20])}
		runUpload(t, c, bets, Options{RetryDeadline: time.Minute})
	})
}

// A bad row is a final error: no later row is sent, and the agency does not finish.
func TestBadRowIsFinal(t *testing.T) {
	for _, stored := range []int{0, 30} { // read to be sent, or to be skipped
		synctest.Test(t, func(t *testing.T) {
			bets := betcsvtest.Numbered(30)
			name := writeDataFile(t, bets)
			rows := betcsvtest.DataFile(bets[:25], "\n") + "Ana,Paz,1,1999-02-30,1\n" + betcsvtest.DataFile(bets[25:], "\n")
			if err := os.WriteFile(name, []byte(rows), 0o644); err != nil {
				t.Fatal(err)
			}
			c := &central{stored: slices.Clone(bets[:stored])}
			_, err := Run(t.Context(), 1, name, c.dial, Options{RetryDeadline: time.Minute, BatchMaxAmount: 10})
			if err == nil || !strings.Contains(err.Error(), "agency-1.csv, line 26: birthdate") {
				t.Errorf("error %v", err)
			}
			synctest.Wait() // for the central's side
			if c.finished || c.dials != 1 || stored == 0 && len(c.stored) > 25 {
				t.Errorf("%d bets stored, finished: %v, %d connections", len(c.stored), c.finished, c.dials)
			}
		})
	}
}

func TestMissingFileIsFinal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := new(central)
		name := writeDataFile(t, nil) + ".not"
		_, err := Run(t.Context(), 1, name, c.dial, Options{RetryDeadline: time.Minute})
		if !errors.Is(err, os.ErrNotExist) || !strings.Contains(fmt.Sprint(err), name) || !strings.Contains(fmt.Sprint(err), "make datos") || c.dials != 0 {
			t.Errorf("error %v, %d connections", err, c.dials)
		}
	})
}
