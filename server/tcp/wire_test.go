package tcp

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
)

func TestBetsSurviveTheWire(t *testing.T) {
	for _, number := range []int64{0, 7574, -1, 1<<63 - 1, -1 << 63} {
		sent := bet(3)
		sent.Number = number
		bets := fromWire(nil, 42, []protocol.Bet{sent})
		want := lottery.Bet{
			Agency: 42, FirstName: sent.FirstName, LastName: sent.LastName, Document: sent.Document,
			Birthdate: lottery.Date{Year: 1999, Month: 2, Day: 28}, Number: number,
		}
		if bets[0] != want || toWire(&bets[0]) != sent {
			t.Errorf("got %+v and %+v", bets[0], toWire(&bets[0]))
		}
	}
}

// What WELCOME carries is what the agency computes over the records it sends,
// however either side cuts them.
func TestDigest(t *testing.T) {
	const n = 250
	var records []byte
	for _, b := range batch(0, n).Bets {
		records, _ = b.Append(records)
	}
	want := protocol.Checksum(0, records)
	bets := fromWire(nil, 1, batch(0, n).Bets)
	for _, step := range []int{1, 7, 64, n} {
		sum := uint32(0)
		for rest := bets; len(rest) > 0; {
			k := min(step, len(rest))
			sum = Digest(sum, rest[:k])
			rest = rest[k:]
		}
		if sum != want {
			t.Errorf("in steps of %d: %08x, want %08x", step, sum, want)
		}
	}
	if Digest(7, nil) != 7 {
		t.Error("no bets change the sum")
	}
}

// The records of a batch, or of its tail, say the same as its bets.
func TestDigestOfABatch(t *testing.T) {
	const n = 7
	sent := batch(10, n)
	payload, err := sent.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	bets := fromWire(nil, 1, sent.Bets)
	digest := digestOf(payload, sent.Bets)
	for k := range n + 1 {
		tail := bets[n-k:]
		if got, want := digest(99, tail), Digest(99, tail); got != want {
			t.Errorf("the last %d: %08x, want %08x", k, got, want)
		}
	}
}

// A bet of a foreign bets.csv that could not travel does not hurt the others.
func TestDigestLeavesOutWhatCannotTravel(t *testing.T) {
	bets := fromWire(nil, 1, batch(0, 2).Bets)
	long := bets[0]
	long.FirstName = strings.Repeat("x", 256)
	if Digest(0, []lottery.Bet{bets[0], long, bets[1]}) != Digest(0, bets) {
		t.Error("it changed the sum")
	}
}

func TestRefusalFitsItsFrame(t *testing.T) {
	for _, tt := range []struct {
		text string
		want int
	}{
		{"short", 5},
		{strings.Repeat("x", 255), 255},
		{strings.Repeat("x", 256), 255},
		{strings.Repeat("x", 254) + "ñ", 254},
		{strings.Repeat("李", 100), 255},
		{strings.Repeat("🎲", 100), 252},
	} {
		got := refusal(protocol.StatusClosed, "%s", tt.text).Text
		if len(got) != tt.want || !utf8.ValidString(got) || !strings.HasPrefix(tt.text, got) {
			t.Errorf("%.20q…: %d bytes, want %d", tt.text, len(got), tt.want)
		}
		frames(t, refusal(protocol.StatusClosed, "%s", tt.text))
	}
}
