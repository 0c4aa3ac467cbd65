package lottery

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func validBet() Bet {
	return Bet{
		Agency:    1,
		FirstName: "Santiago Lionel",
		LastName:  "Lorca",
		Document:  "30904465",
		Birthdate: Date{1999, 3, 17},
		Number:    7574,
	}
}

func TestHasWon(t *testing.T) {
	for number, want := range map[int64]bool{
		7574: true, 7573: false, 7575: false, 0: false, -7574: false,
		7574 + 1<<16: false, 7574 + 1<<32: false, math.MaxInt64: false,
	} {
		b := validBet()
		b.Number = number
		if HasWon(&b) != want {
			t.Errorf("HasWon(%d) = %t", number, !want)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		name    string
		change  func(*Bet)
		problem string // "" if it is valid
	}{
		{"plain", func(*Bet) {}, ""},
		{"what CSV quotes", func(b *Bet) { b.FirstName, b.LastName = `Ana "la Ñata"`, "O'Hara, de" }, ""},
		{"empty texts", func(b *Bet) { b.FirstName, b.LastName, b.Document = "", "", "" }, ""},
		{"255 bytes", func(b *Bet) { b.FirstName = strings.Repeat("x", 255) }, ""},
		{"CJK and emoji", func(b *Bet) { b.LastName = "李小龍 🎲" }, ""},
		{"other white space", func(b *Bet) { b.LastName = "a\tb\u2028c\u0085" }, ""},
		{"leading zeros", func(b *Bet) { b.Document = "00000000" }, ""},
		{"document with letters", func(b *Bet) { b.Document = "M-1234 | x" }, ""},
		{"any number", func(b *Bet) { b.Number = math.MinInt64 }, ""},
		{"agency 0", func(b *Bet) { b.Agency = 0 }, "agency"},
		{"LF", func(b *Bet) { b.FirstName = "a\nb" }, "first name: holds"},
		{"CR", func(b *Bet) { b.LastName = "a\r" }, "last name: holds"},
		{"NUL", func(b *Bet) { b.Document = "\x00" }, "document: holds"},
		{"half a character", func(b *Bet) { b.FirstName = "Ñ"[:1] }, "first name: not UTF-8"},
		{"Latin-1", func(b *Bet) { b.LastName = "Mu\xf1oz" }, "last name: not UTF-8"},
		{"bytes in the document", func(b *Bet) { b.Document = "\xff" }, "document: not UTF-8"},
		{"no date", func(b *Bet) { b.Birthdate = Date{} }, "birthdate: no such day: 0000-00-00"},
		{"30th of February", func(b *Bet) { b.Birthdate = Date{2000, 2, 30} }, "birthdate: no such day: 2000-02-30"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := validBet()
			tt.change(&b)
			err := b.Validate()
			switch {
			case tt.problem == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.problem != "" && (!errors.Is(err, ErrInvalidBet) || !strings.Contains(err.Error(), tt.problem)):
				t.Errorf("got %v, want ErrInvalidBet with %q", err, tt.problem)
			}
		})
	}
}

func TestDateValid(t *testing.T) {
	for _, tt := range []struct {
		date Date
		want bool
	}{
		{Date{1, 1, 1}, true}, {Date{9999, 12, 31}, true},
		{Date{0, 1, 1}, false}, {Date{10000, 1, 1}, false},
		{Date{1999, 0, 1}, false}, {Date{1999, 13, 1}, false}, {Date{1999, 255, 1}, false},
		{Date{1999, 1, 0}, false}, {Date{1999, 1, 32}, false},
		{Date{1999, 4, 30}, true}, {Date{1999, 4, 31}, false}, {Date{1999, 11, 31}, false},
		{Date{1999, 2, 28}, true}, {Date{1999, 2, 29}, false},
		{Date{2024, 2, 29}, true}, {Date{2024, 2, 30}, false},
		{Date{1900, 2, 29}, false}, {Date{2000, 2, 29}, true}, // centuries
	} {
		if tt.date.Valid() != tt.want {
			t.Errorf("%v: valid is %t", tt.date, !tt.want)
		}
	}
}

func TestDateString(t *testing.T) {
	if got := (Date{7, 3, 9}).String(); got != "0007-03-09" {
		t.Error(got)
	}
}
