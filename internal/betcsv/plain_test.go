package betcsv

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv/betcsvtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// What is usual takes the short way.
func TestPlainRow(t *testing.T) {
	want := betcsvtest.Bet(1, "María Belén", "Núñez", "00904465", 7574)
	stored := Reader{plain: true}
	if row := string(AppendRow(nil, &want)); stored.plainRow(row) != len(row) || stored.bet != want {
		t.Errorf("%q: %+v", row, stored.bet)
	}
	data := Reader{plain: true, data: true, agency: 1}
	for _, end := range []string{"\n", "\r\n"} {
		if row := betcsvtest.DataFile([]lottery.Bet{want}, end); data.plainRow(row) != len(row) || data.bet != want {
			t.Errorf("%q: %+v", row, data.bet)
		}
	}
}

// FuzzPlainRow compares the short way with the long one: what the short way takes
// the long one takes too, and makes the same bet of it.
func FuzzPlainRow(f *testing.F) {
	for _, g := range betcsvtest.Rows {
		f.Add(g.Row)
	}
	for row := range betcsvtest.Damaged {
		f.Add(row)
	}
	for _, row := range []string{"Ana,Paz,1,1999-03-17,7574\n", ",,,0001-01-01,0\r\n", "A\r,b,c,1999-03-17,1\n", "a,b,c,1999-03-17,+1\n", "a,b,c,1999-03-17,1,\n", "\n", "\r\n"} {
		f.Add(row)
	}
	f.Fuzz(func(t *testing.T, row string) {
		for _, data := range []bool{true, false} {
			short, long := Reader{data: data, agency: 1, plain: arePlain([]byte(row))}, Reader{data: data, agency: 1}
			size := short.plainRow(row)
			if size == 0 {
				continue
			}
			if got, blank, err := long.row(row); got != size || blank || err != nil || long.bet != short.bet {
				t.Fatalf("%q: %+v of %d bytes, the long way %+v of %d, %v", row, short.bet, size, long.bet, got, err)
			}
		}
	})
}

// However many bets are encoded at once, their rows are those of each.
func TestAppendRows(t *testing.T) {
	var bets []lottery.Bet
	want := "x"
	for _, g := range betcsvtest.Rows {
		if g.Bet.Validate() != nil {
			continue
		}
		for _, alone := range [][]lottery.Bet{{g.Bet}, {g.Bet, g.Bet}} {
			rows, _, err := AppendRows([]byte("x"), alone)
			if err != nil || string(rows) != "x"+strings.Repeat(g.Row, len(alone)) {
				t.Errorf("%d times %+v\n got %q, %v", len(alone), g.Bet, rows, err)
			}
		}
		bets = append(bets, g.Bet)
		want += g.Row
	}
	if rows, _, err := AppendRows([]byte("x"), bets); err != nil || string(rows) != want {
		t.Errorf(" got %q, %v\nwant %q", rows, err, want)
	}
	if rows, _, err := AppendRows([]byte("x"), nil); err != nil || string(rows) != "x" {
		t.Errorf("no bets: %q, %v", rows, err)
	}
}

// A bet that is not valid is named by its index, and nothing is appended.
func TestAppendRowsRefuses(t *testing.T) {
	good := betcsvtest.Bet(1, "Ana", "Paz", "1", 1)
	for name, spoil := range map[string]func(*lottery.Bet){
		"agency":     func(b *lottery.Bet) { b.Agency = 0 },
		"line feed":  func(b *lottery.Bet) { b.FirstName = "A\na" },
		"return":     func(b *lottery.Bet) { b.LastName = "\r" },
		"NUL":        func(b *lottery.Bet) { b.Document = "\x00" },
		"not UTF-8":  func(b *lottery.Bet) { b.Document = "\xff" },
		"cut UTF-8":  func(b *lottery.Bet) { b.FirstName = "\xc3" },
		"month 13":   func(b *lottery.Bet) { b.Birthdate.Month = 13 },
		"day 255":    func(b *lottery.Bet) { b.Birthdate.Day = 255 },
		"year 65535": func(b *lottery.Bet) { b.Birthdate.Year = 65535 },
	} {
		for i := range 3 {
			bets := []lottery.Bet{good, good, good}
			spoil(&bets[i])
			rows, invalid, err := AppendRows([]byte("x"), bets)
			if !errors.Is(err, lottery.ErrInvalidBet) || invalid != i || string(rows) != "x" {
				t.Errorf("%s of bet %d: %q, %d, %v", name, i, rows, invalid, err)
			}
		}
	}
}

// FuzzAppendRows compares rows encoded at once with rows encoded one by one.
func FuzzAppendRows(f *testing.F) {
	f.Add(uint32(1), "Ana", `a"b`, "a,\r\n", uint16(1999), uint8(2), uint8(28), int64(7574))
	f.Add(uint32(0), "\x00", "\xc3", "\xb1", uint16(0), uint8(13), uint8(32), int64(-1))
	f.Fuzz(func(t *testing.T, agency uint32, first, last, document string, year uint16, month, day uint8, number int64) {
		b := lottery.Bet{Agency: lottery.AgencyID(agency), FirstName: first, LastName: last, Document: document,
			Birthdate: lottery.Date{Year: year, Month: month, Day: day}, Number: number}
		swapped := b
		swapped.FirstName, swapped.Document = document, first
		got, _, err := AppendRows(nil, []lottery.Bet{b, swapped})
		if b.Validate() != nil {
			if !errors.Is(err, lottery.ErrInvalidBet) || len(got) > 0 {
				t.Errorf("%+v: %q, %v", b, got, err)
			}
			return
		}
		if want := AppendRow(AppendRow(nil, &b), &swapped); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%+v: %q, %v, want %q", b, got, err, want)
		}
	})
}
