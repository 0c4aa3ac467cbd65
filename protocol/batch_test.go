package protocol

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// someBets makes bets like those of the course's data.
func someBets(n int) []Bet {
	bets := make([]Bet, n)
	for i := range bets {
		bets[i] = Bet{
			FirstName: "Santiago Lionel", LastName: "Núñez", Document: fmt.Sprint(30_000_000 + i),
			Birthdate: Date{1999, 3, 17}, Number: int64(i),
		}
	}
	return bets
}

// betOf makes a bet of the given size in bytes.
func betOf(size int) Bet {
	rest := size - minBet
	field := func() string {
		n := min(rest, MaxString)
		rest -= n
		return strings.Repeat("x", n)
	}
	return Bet{FirstName: field(), LastName: field(), Document: field()}
}

// add adds a bet that should fit, or should not.
func add(t *testing.T, b *BatchBuilder, bet Bet, fits bool) {
	t.Helper()
	if got := b.Add(recordsOf(t, []Bet{bet})[0]); got != fits {
		t.Fatalf("bet %d: added: %v, want %v", b.Len(), got, fits)
	}
}

// recordsOf encodes bets one by one.
func recordsOf(t testing.TB, bets []Bet) [][]byte {
	t.Helper()
	records := make([][]byte, len(bets))
	for i := range bets {
		var err error
		if records[i], err = bets[i].Append(nil); err != nil {
			t.Fatal(err)
		}
	}
	return records
}

// checkBatch compares what was built with the frame of the same Batch.
func checkBatch(t *testing.T, b *BatchBuilder, offset uint64, bets []Bet) {
	t.Helper()
	if b.Len() != len(bets) || b.End() != offset+uint64(len(bets)) {
		t.Errorf("%d bets up to %d, want %d from %d", b.Len(), b.End(), len(bets), offset)
	}
	want, err := AppendFrame(nil, &Batch{Offset: offset, Bets: bets})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Frame(), want) {
		t.Errorf("got %x\nwant %x", b.Frame(), want)
	}
}

func TestBatchBuilder(t *testing.T) {
	bets := someBets(7)
	var b BatchBuilder
	for i, bet := range bets {
		add(t, &b, bet, true)
		checkBatch(t, &b, 0, bets[:i+1]) // to ask for the frame closes nothing
	}
	b.Start(nil, b.End())
	if b.Len() != 0 || b.End() != 7 {
		t.Errorf("a new batch has %d bets up to %d", b.Len(), b.End())
	}
	add(t, &b, bets[3], true)
	checkBatch(t, &b, 7, bets[3:4])
	b.Start(nil, 1<<60)
	add(t, &b, bets[0], true)
	checkBatch(t, &b, 1<<60, bets[:1])
}

// TestBatchBuilderBehindFrames builds two batches in one buffer, the second as
// large as a frame can be.
func TestBatchBuilderBehindFrames(t *testing.T) {
	first, second := someBets(3), make([]Bet, 20)
	room := MaxFrame - batchStart
	for i := range second {
		second[i] = betOf(room / len(second))
	}
	second[0] = betOf(room/len(second) + room%len(second))
	var b BatchBuilder
	var frames []byte
	for _, bets := range [][]Bet{first, second} {
		b.Start(frames, b.End())
		for _, bet := range bets {
			add(t, &b, bet, true)
		}
		frames = b.Frame()
	}
	add(t, &b, Bet{}, false)
	want, err1 := AppendFrame(nil, &Batch{Bets: first})
	want, err2 := AppendFrame(want, &Batch{Offset: 3, Bets: second})
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(frames, want) {
		t.Errorf("got %x\nwant %x", frames, want)
	}
}

// TestBatchBuilderLeavesOut fills a batch with bets of every size, so that the
// one that does not fit would go over the limit by 1 to 780 bytes.
func TestBatchBuilderLeavesOut(t *testing.T) {
	var b BatchBuilder
	for size := minBet; size <= minBet+3*MaxString; size++ {
		bet := betOf(size)
		b.Start(nil, uint64(size))
		var bets []Bet
		for range (MaxFrame - batchStart) / size {
			add(t, &b, bet, true)
			bets = append(bets, bet)
		}
		add(t, &b, bet, false)
		checkBatch(t, &b, uint64(size), bets)
		// A smaller bet fits what room is left, to the byte.
		if left := MaxFrame - len(b.Frame()); left >= minBet {
			add(t, &b, betOf(left+1), false)
			add(t, &b, betOf(left), true)
			checkBatch(t, &b, uint64(size), append(bets, betOf(left)))
			if len(b.Frame()) != MaxFrame {
				t.Errorf("size %d: a full frame of %d bytes", size, len(b.Frame()))
			}
			add(t, &b, betOf(minBet), false)
		}
		// What did not fit opens the next batch.
		b.Start(nil, b.End())
		add(t, &b, bet, true)
		checkBatch(t, &b, b.End()-1, []Bet{bet})
	}
}

// TestBatchBuilderLimit has a frame of 8,000 bytes and not of 8,001.
func TestBatchBuilderLimit(t *testing.T) {
	for _, over := range []int{0, 1} {
		var b BatchBuilder
		b.Start(nil, 3)
		bets := []Bet{}
		for room := MaxFrame - batchStart; room > 0; {
			size := min(room, 500)
			if room -= size; room == 0 {
				bets = append(bets, betOf(size+over))
			} else {
				bets = append(bets, betOf(size))
			}
		}
		last := len(bets) - 1
		for _, bet := range bets[:last] {
			add(t, &b, bet, true)
		}
		add(t, &b, bets[last], over == 0)
		_, err := AppendFrame(nil, &Batch{Bets: bets})
		if (over == 0) != (err == nil) {
			t.Errorf("%d bytes over: AppendFrame: %v", over, err)
		}
		if over == 0 && len(b.Frame()) != MaxFrame {
			t.Errorf("%d bytes, want %d", len(b.Frame()), MaxFrame)
		}
	}
}

// TestBatchBuilderSmallest fills a frame with the smallest bets.
func TestBatchBuilderSmallest(t *testing.T) {
	var b BatchBuilder
	for range 532 {
		add(t, &b, Bet{}, true)
	}
	add(t, &b, Bet{}, false)
	checkBatch(t, &b, 0, make([]Bet, 532))
}

func TestBatchBuilderAllocatesNothing(t *testing.T) {
	records := recordsOf(t, someBets(300))
	var b BatchBuilder
	buffer := make([]byte, 0, 2*MaxFrame)
	fill := func() {
		b.Start(buffer, 0)
		for _, record := range records {
			if !b.Add(record) {
				b.Start(b.Frame()[:0], b.End())
			}
		}
	}
	if n := testing.AllocsPerRun(20, fill); n != 0 {
		t.Errorf("%v allocations for %d bets", n, len(records))
	}
}

// TestAppendRecord has the same record of texts and of bytes, and an error that
// names the text that is too long.
func TestAppendRecord(t *testing.T) {
	want := recordsOf(t, []Bet{ana})[0]
	got, err := AppendRecord([]byte("x"), []byte(ana.FirstName), []byte(ana.LastName), []byte(ana.Document), ana.Birthdate, ana.Number)
	if err != nil || string(got) != "x"+string(want) {
		t.Errorf("got %x, %v, want %x", got, err, want)
	}
	long := []byte(strings.Repeat("x", MaxString+1))
	for name, texts := range map[string][3][]byte{
		"first name": {long, nil, nil}, "last name": {nil, long, nil}, "document": {nil, nil, long},
	} {
		got, err := AppendRecord([]byte("x"), texts[0], texts[1], texts[2], Date{}, 0)
		if !errors.Is(err, ErrTooLong) || !strings.Contains(err.Error(), name+" of 256 bytes") || string(got) != "x" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

// TestBatchDecodeAllocations decodes batches of different sizes: what that
// allocates must not grow with the bets.
func TestBatchDecodeAllocations(t *testing.T) {
	for _, bets := range []int{1, 10, 100} {
		payload, err := (&Batch{Bets: someBets(bets)}).Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		var m Batch
		if n := testing.AllocsPerRun(20, func() {
			if err := m.Decode(payload); err != nil {
				t.Fatal(err)
			}
		}); n > 1 {
			t.Errorf("%d bets: %v allocations, want 1", bets, n)
		}
	}
}

// TestBatchDecodeInPlace decodes what Decode does, for nothing.
func TestBatchDecodeInPlace(t *testing.T) {
	for _, bets := range []int{1, 10, 100} {
		want := Batch{Offset: 7, Bets: someBets(bets)}
		payload, err := want.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		var got Batch
		if n := testing.AllocsPerRun(20, func() {
			if err := got.DecodeInPlace(payload); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%d bets: %v allocations", bets, n)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if err := got.DecodeInPlace(payload[:len(payload)-1]); !errors.Is(err, ErrMalformed) {
			t.Errorf("cut short: %v", err)
		}
	}
}

// TestBatchDecodeDistrustsCount has payloads that count bets they do not hold.
func TestBatchDecodeDistrustsCount(t *testing.T) {
	payload := append(make([]byte, 8), 0xff, 0xff)
	payload = append(payload, make([]byte, 100)...)
	var m Batch
	if err := m.Decode(payload); !errors.Is(err, ErrMalformed) || cap(m.Bets) > 0 {
		t.Errorf("got room for %d bets, %v", cap(m.Bets), err)
	}
}

// TestSingleIsABatch compares the record in BET with that in BATCH.
func TestSingleIsABatch(t *testing.T) {
	single, err := (&Single{Offset: 9, Bet: ana}).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := (&Batch{Offset: 9, Bets: []Bet{ana}}).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(single[8:], batch[10:]) || !bytes.Equal(single[:8], batch[:8]) {
		t.Errorf("%x and %x", single, batch)
	}
}

// TestBatchDecodeReuses decodes a batch into the room of a larger one.
func TestBatchDecodeReuses(t *testing.T) {
	large, small := someBets(50), someBets(3)
	var m Batch
	for _, bets := range [][]Bet{large, small} {
		payload, err := (&Batch{Bets: bets}).Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Decode(payload); err != nil || !reflect.DeepEqual(m.Bets, bets) {
			t.Errorf("got %v, %v", m.Bets, err)
		}
	}
	if cap(m.Bets) < len(large) {
		t.Error("room was thrown away")
	}
}
