package protocol

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// someBets makes bets like those of the course's data.
func someBets(n int) []lottery.Bet {
	bets := make([]lottery.Bet, n)
	for i := range bets {
		bets[i] = lottery.Bet{
			FirstName: "Santiago Lionel", LastName: "Núñez", Document: fmt.Sprint(30_000_000 + i),
			Birthdate: lottery.Date{Year: 1999, Month: 3, Day: 17}, Number: int64(i),
		}
	}
	return bets
}

// betOf makes a bet of the given size in bytes.
func betOf(size int) lottery.Bet {
	rest := size - minRecord
	field := func() string {
		n := min(rest, MaxString)
		rest -= n
		return strings.Repeat("x", n)
	}
	return lottery.Bet{FirstName: field(), LastName: field(), Document: field()}
}

// recordsOf encodes bets one by one.
func recordsOf(t testing.TB, bets []lottery.Bet) [][]byte {
	t.Helper()
	records := make([][]byte, len(bets))
	for i := range bets {
		var err error
		if records[i], err = AppendRecord(nil, &bets[i]); err != nil {
			t.Fatal(err)
		}
	}
	return records
}

// checkAppendBatch compares a frame made of finished records with that of the
// same Batch.
func checkAppendBatch(t *testing.T, offset lottery.Offset, bets []lottery.Bet) {
	t.Helper()
	records := bytes.Join(recordsOf(t, bets), nil)
	want, err := AppendFrame([]byte("before"), &Batch{Offset: offset, Bets: bets})
	if fits := len(records) <= MaxRecords; fits != (err == nil) {
		t.Fatalf("%d bytes of records: %v", len(records), err)
	}
	if err != nil {
		return
	}
	if got := AppendBatch([]byte("before"), offset, len(bets), records); !bytes.Equal(got, want) {
		t.Errorf("got %x\nwant %x", got, want)
	}
}

func TestAppendBatch(t *testing.T) {
	for n := 1; n <= 7; n++ {
		checkAppendBatch(t, 0, someBets(n))
		checkAppendBatch(t, 1<<60, someBets(n))
	}
	checkAppendBatch(t, 3, make([]lottery.Bet, 532)) // the smallest bets, as many as fit
	checkAppendBatch(t, 3, make([]lottery.Bet, 533))
}

// TestAppendBatchLimit has frames of 8,000 bytes and of 8,001, with bets of every
// size.
func TestAppendBatchLimit(t *testing.T) {
	for size := minRecord; size <= minRecord+3*MaxString; size++ {
		for _, over := range []int{0, 1} {
			var bets []lottery.Bet
			left := MaxRecords + over
			for left > minRecord+3*MaxString {
				n := size
				if left-n < minRecord {
					n = left / 2 // no bet is so small as what would be left
				}
				bets = append(bets, betOf(n))
				left -= n
			}
			bets = append(bets, betOf(left))
			checkAppendBatch(t, lottery.Offset(size), bets)
			frame, err := AppendFrame(nil, &Batch{Bets: bets})
			if (over == 0) != (err == nil) || over == 0 && len(frame) != MaxFrame {
				t.Errorf("size %d, %d bytes over: a frame of %d bytes, %v", size, over, len(frame), err)
			}
		}
	}
}

// TestAppendRecordTooLong has an error that names the text that is too long.
func TestAppendRecordTooLong(t *testing.T) {
	long := strings.Repeat("x", MaxString+1)
	for name, bet := range map[string]lottery.Bet{
		"first name": {FirstName: long}, "last name": {LastName: long}, "document": {FirstName: "Ana", Document: long},
	} {
		got, err := AppendRecord([]byte("before"), &bet)
		if !errors.Is(err, ErrTooLong) || !strings.Contains(err.Error(), name+" of 256 bytes") || string(got) != "before" {
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
	batch, err := (&Batch{Offset: 9, Bets: []lottery.Bet{ana}}).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(single[8:], batch[10:]) || !bytes.Equal(single[:8], batch[:8]) {
		t.Errorf("%x and %x", single, batch)
	}
	var m Single
	if err := m.Decode(single); err != nil || !bytes.Equal(m.Record, single[8:]) {
		t.Errorf("record %x of %x, %v", m.Record, single, err)
	}
}

// TestBatchDecodeReuses decodes a batch into the room of a larger one.
func TestBatchDecodeReuses(t *testing.T) {
	large, small := someBets(50), someBets(3)
	var m Batch
	for _, bets := range [][]lottery.Bet{large, small} {
		payload, err := (&Batch{Bets: bets}).Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Decode(payload); err != nil || !reflect.DeepEqual(m.Bets, bets) {
			t.Errorf("got %v, %v", m.Bets, err)
		}
		if !bytes.Equal(m.Records, payload[10:]) {
			t.Errorf("records %x of payload %x", m.Records, payload)
		}
	}
	if cap(m.Bets) < len(large) {
		t.Error("room was thrown away")
	}
}
