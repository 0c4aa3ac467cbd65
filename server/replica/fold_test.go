package replica

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// One entry after the other: what counts, and what is void.
func TestFold(t *testing.T) {
	f := NewFold()
	apply := func(e Entry) (void bool) {
		t.Helper()
		before := f.Void
		if err := f.Apply(f.Sequence+1, e); err != nil {
			t.Fatal(err)
		}
		return f.Void > before
	}
	bets := func(session SessionNumber, offset, count lottery.Offset, winners ...string) Entry {
		return &Bets{Segments: []Segment{{Agency: 1, Session: session, Offset: offset, Count: count, Sum: uint32(offset + count), Winners: winners}}}
	}
	for i, tt := range []struct {
		name  string
		entry Entry
		void  bool
		want  Agency
	}{
		{"bets of a session that was never claimed", bets(7, 0, 5), true, Agency{}},
		{"the first claim", &Claim{Agency: 1, Nonce: "a"}, false, Agency{Session: 2}},
		{"again", &Claim{Agency: 1, Nonce: "a"}, true, Agency{Session: 2}},
		{"bets", bets(2, 0, 5, "7"), false, Agency{Session: 2, Bets: 5, Sum: 5, Winners: []string{"7"}}},
		{"again", bets(2, 0, 5, "7"), true, Agency{Session: 2, Bets: 5, Sum: 5, Winners: []string{"7"}}},
		{"after a gap", bets(2, 6, 1), true, Agency{Session: 2, Bets: 5, Sum: 5, Winners: []string{"7"}}},
		{"the next", bets(2, 5, 1), false, Agency{Session: 2, Bets: 6, Sum: 6, Winners: []string{"7"}}},
		{"a claim that expects an older session", &Claim{Agency: 1, Expected: 1}, true, Agency{Session: 2, Bets: 6, Sum: 6, Winners: []string{"7"}}},
		{"the next claim", &Claim{Agency: 1, Expected: 2}, false, Agency{Session: 9, Bets: 6, Sum: 6, Winners: []string{"7"}}},
		{"bets of the session before", bets(2, 6, 1), true, Agency{Session: 9, Bets: 6, Sum: 6, Winners: []string{"7"}}},
		{"the end in the session before", &Finished{Agency: 1, Session: 2, Total: 6}, true, Agency{Session: 9, Bets: 6, Sum: 6, Winners: []string{"7"}}},
		{"the end with a wrong total", &Finished{Agency: 1, Session: 9, Total: 5}, true, Agency{Session: 9, Bets: 6, Sum: 6, Winners: []string{"7"}}},
		{"a draw that is early", &Draw{Agencies: 1}, true, Agency{Session: 9, Bets: 6, Sum: 6, Winners: []string{"7"}}},
		{"the end", &Finished{Agency: 1, Session: 9, Total: 6}, false, Agency{Session: 9, Bets: 6, Sum: 6, Finished: true, Winners: []string{"7"}}},
		{"again", &Finished{Agency: 1, Session: 9, Total: 6}, true, Agency{Session: 9, Bets: 6, Sum: 6, Finished: true, Winners: []string{"7"}}},
		{"bets after the end", bets(9, 6, 1), true, Agency{Session: 9, Bets: 6, Sum: 6, Finished: true, Winners: []string{"7"}}},
		{"a claim after the end", &Claim{Agency: 1, Expected: 9}, false, Agency{Session: 17, Bets: 6, Sum: 6, Finished: true, Winners: []string{"7"}}},
		{"a draw of nobody", &Draw{}, true, Agency{Session: 17, Bets: 6, Sum: 6, Finished: true, Winners: []string{"7"}}},
		{"the draw", &Draw{Agencies: 1, Bets: 6, Winners: 1, Hash: "3d5796d24cb4af77fa80ef396111252813be159f6db8c3349c02b5b90ad44279", Author: "a"}, false, Agency{Session: 17, Bets: 6, Sum: 6, Finished: true, Winners: []string{"7"}}},
		{"another, even a wrong one", &Draw{Agencies: 1, Bets: 7, Author: "b"}, true, Agency{Session: 17, Bets: 6, Sum: 6, Finished: true, Winners: []string{"7"}}},
	} {
		if void := apply(tt.entry); void != tt.void {
			t.Errorf("entry %d, %s: void %t", i+1, tt.name, void)
		}
		if got := f.Agency(1); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("entry %d, %s: %+v, want %+v", i+1, tt.name, got, tt.want)
		}
		restored, err := ParseCheckpoint(f.Checkpoint())
		if err != nil || !reflect.DeepEqual(restored, f) {
			t.Errorf("entry %d, %s: the checkpoint holds %+v, %v; the fold is %+v", i+1, tt.name, restored, err, f)
		}
	}
	if f.Drawn == nil || f.Drawn.Author != "a" {
		t.Errorf("drawn: %+v", f.Drawn)
	}
}

func TestFoldRefuses(t *testing.T) {
	drawn := func(change func(*Draw)) error {
		f := NewFold()
		for i, e := range []Entry{&Claim{Agency: 1}, &Finished{Agency: 1, Session: 1}} {
			if err := f.Apply(uint64(i+1), e); err != nil {
				t.Fatal(err)
			}
		}
		d := f.NextDraw(1, "a")
		change(d)
		return f.Apply(3, d)
	}
	if err := drawn(func(*Draw) {}); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"a jump":         NewFold().Apply(2, &Claim{Agency: 1}),
		"an entry again": NewFold().Apply(0, &Claim{Agency: 1}),
		"another hash":   drawn(func(d *Draw) { d.Hash = "0" + d.Hash[1:] + "0" }),
		"other bets":     drawn(func(d *Draw) { d.Bets++ }),
		"other winners":  drawn(func(d *Draw) { d.Winners++ }),
	} {
		if !errors.Is(err, ErrCorrupted) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Any byte of a checkpoint that is another makes it useless.
func TestCheckpointDamaged(t *testing.T) {
	f := NewFold()
	for i, e := range []Entry{&Claim{Agency: 1}, &Claim{Agency: 2}, &Finished{Agency: 1, Session: 1}} {
		if err := f.Apply(uint64(i+1), e); err != nil {
			t.Fatal(err)
		}
	}
	text := f.Checkpoint()
	for i := range len(text) - 1 {
		damaged := bytes.Clone(text)
		damaged[i] ^= 1
		if _, err := ParseCheckpoint(damaged); !errors.Is(err, ErrCorrupted) {
			t.Errorf("%q: %v", damaged, err)
		}
		if _, err := ParseCheckpoint(text[:i]); !errors.Is(err, ErrCorrupted) {
			t.Errorf("%q: %v", text[:i], err)
		}
	}
}
