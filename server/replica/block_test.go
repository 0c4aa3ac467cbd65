package replica

import (
	"encoding/hex"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

var blockBets = []lottery.Bet{
	{Agency: 7, FirstName: "Ana", LastName: "Ñu", Document: "007", Birthdate: lottery.Date{Year: 1999, Month: 3, Day: 17}, Number: 7574},
	{Agency: 7, LastName: `a,"b"`, Document: "30904465", Birthdate: lottery.Date{Year: 1, Month: 1, Day: 1}, Number: math.MinInt64},
}

func block(t testing.TB, bets ...lottery.Bet) []byte {
	t.Helper()
	b, _, err := AppendBlock(nil, bets)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBlock(t *testing.T) {
	want := "02" + // bets
		"416e610a" + "0a" + "c391750a" + "612c2262220a" + "3030370a" + "33303930343436350a" + // the texts, by column
		"07cf0311" + "00010101" + "ac76" + "ffffffffffffffffff01" // dates, numbers
	got := block(t, blockBets...)
	if hex.EncodeToString(got) != want {
		t.Errorf("got %x, want %s", got, want)
	}
	blocks := append(got, block(t, blockBets[1])...)
	if bets, err := readBlocks(blocks, 7); err != nil || !reflect.DeepEqual(bets, []lottery.Bet{blockBets[0], blockBets[1], blockBets[1]}) {
		t.Errorf("read %+v, %v", bets, err)
	}
	for n := range blocks {
		if n == 0 || n == len(got) {
			continue
		}
		if bets, err := readBlocks(blocks[:n], 7); !errors.Is(err, errBlock) {
			t.Errorf("of its first %d bytes: %+v, %v", n, bets, err)
		}
	}
}

// A batch is refused because of its first bet that is not valid.
func TestBlockOfInvalidBets(t *testing.T) {
	for name, spoil := range map[string]func(*lottery.Bet){
		"agency":     func(b *lottery.Bet) { b.Agency = 0 },
		"line feed":  func(b *lottery.Bet) { b.FirstName = "a\nb" },
		"return":     func(b *lottery.Bet) { b.LastName = "\r" },
		"NUL":        func(b *lottery.Bet) { b.Document = "\x00" },
		"no UTF-8":   func(b *lottery.Bet) { b.Document = "\xff" },
		"split rune": func(b *lottery.Bet) { b.FirstName = "\xc3" },
		"date":       func(b *lottery.Bet) { b.Birthdate.Day = 0 },
	} {
		bets := []lottery.Bet{blockBets[0], blockBets[1], blockBets[0]}
		spoil(&bets[1])
		spoil(&bets[2])
		got, invalid, err := AppendBlock([]byte("before"), bets)
		if !errors.Is(err, lottery.ErrInvalidBet) || invalid != 1 || string(got) != "before" {
			t.Errorf("%s: bet %d, %v, %q", name, invalid, err, got)
		}
	}
}

// AppendBlock refuses what Validate refuses, and what it writes is read back.
func FuzzBlock(f *testing.F) {
	for _, b := range blockBets {
		f.Add(b.FirstName, b.LastName, b.Document, b.Birthdate.Year, b.Birthdate.Month, b.Birthdate.Day, b.Number)
	}
	f.Fuzz(func(t *testing.T, first, last, document string, year uint16, month, day uint8, number int64) {
		bets := []lottery.Bet{{Agency: 3, FirstName: first, LastName: last, Document: document,
			Birthdate: lottery.Date{Year: year, Month: month, Day: day}, Number: number}, blockBets[0]}
		bets[1].Agency = 3
		b, invalid, err := AppendBlock(nil, bets)
		if want := bets[0].Validate(); (err == nil) != (want == nil) || invalid != 0 {
			t.Fatalf("bet %d, %v, want %v", invalid, err, want)
		}
		if err != nil {
			return
		}
		if got, err := readBlocks(b, 3); err != nil || !reflect.DeepEqual(got, bets) {
			t.Errorf("read %+v, %v, want %+v", got, err, bets)
		}
	})
}

// Whatever a body holds, reading it ends. A count that the body cannot hold is refused before
// memory is taken for it.
func FuzzReadBlocks(f *testing.F) {
	f.Add(block(f, blockBets...))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" + strings.Repeat("\n", 20)))
	f.Fuzz(func(t *testing.T, body []byte) {
		bets, err := readBlocks(body, 1)
		if err == nil && len(bets)*leastBet > len(body) {
			t.Errorf("%d bets in %d bytes", len(bets), len(body))
		}
		if err != nil && !errors.Is(err, errBlock) {
			t.Error(err)
		}
	})
}
