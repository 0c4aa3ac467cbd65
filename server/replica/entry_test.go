package replica

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var entries = []struct {
	entry Entry
	lines []string
}{
	{&Claim{Agency: 3, Expected: 17, Nonce: "a/1"}, []string{"claim 3 17 a/1", "crc 74f1d6e8"}},
	{&Bets{Author: "a", BodySum: 0xe3069283, Segments: []Segment{
		{Agency: 1, Session: 4, Offset: 0, Count: 2, Sum: 0x38b5529d, Length: 5, Winners: []string{"00123456", ` a"b\ñ `}},
		{Agency: 2, Session: 9, Offset: 70, Count: 1, Sum: 1, Length: 4},
	}}, []string{"bets a e3069283", `1 4 0 2 38b5529d 5 "00123456" " a\"b\\ñ "`, "2 9 70 1 00000001 4", "crc fe25cdce"}},
	{&Finished{Agency: 4294967295, Session: 1, Total: 18446744073709551615}, []string{"finished 4294967295 1 18446744073709551615", "crc 56e16a9a"}},
	{&Draw{Agencies: 5, Bets: 78697, Winners: 10, Hash: "abc", Author: "a"}, []string{"draw 5 78697 10 abc a", "crc 4b6a4b96"}},
}

func TestHeader(t *testing.T) {
	for _, tt := range entries {
		if got := Header(tt.entry); !slices.Equal(got, tt.lines) {
			t.Errorf("header %q, want %q", got, tt.lines)
		}
		if got, err := ParseHeader(tt.lines); err != nil || !reflect.DeepEqual(got, tt.entry) {
			t.Errorf("parsed %+v, %v; want %+v", got, err, tt.entry)
		}
	}
}

// Any byte of a header that is another, missing or repeated makes it corrupted.
func TestHeaderDamaged(t *testing.T) {
	for _, tt := range entries {
		text := strings.Join(tt.lines, "\n")
		for i := range len(text) {
			for _, damaged := range []string{
				text[:i] + string(text[i]^1) + text[i+1:], text[:i] + text[i+1:], text[:i] + text[i:i+1] + text[i:],
			} {
				lines := strings.Split(damaged, "\n")
				if slices.Equal(lines, tt.lines) {
					continue // one of two equal neighbours is missing
				}
				if e, err := ParseHeader(lines); !errors.Is(err, ErrCorrupted) {
					t.Errorf("%q: %+v, %v", damaged, e, err)
				}
			}
		}
	}
}

func TestHeaderRefused(t *testing.T) {
	for _, lines := range [][]string{
		nil, {""}, {"crc 00000000"}, {"bets a 00000000"}, {"letter 1"},
		{"claim 0 17 a"}, {"claim 1 17 "}, {"claim 1 017 a"}, {"claim 1 17 a "}, {"claim 1 -1 a"},
		{"bets a 00000000", "1 4 0 0 00000000 5"}, {"bets a 00000000", "1 4 18446744073709551615 1 00000000 5"},
		{"bets a 00000000", `1 4 0 1 00000000 5 "1" "2"`}, {"bets a 00000000", `1 4 0 1 00000000 5 "1`},
		{"finished 1 2"}, {"finished 1 2 3 4"}, {"claim 1 17 a", "1 4 0 1 00000000 5"}, {"draw 2147483648 1 1 a a"},
	} {
		if e, err := ParseHeader(append(lines, "crc "+hexOf(sumOfLines(lines)))); !errors.Is(err, ErrCorrupted) {
			t.Errorf("%q: %+v, %v", lines, e, err)
		}
	}
}

func hexOf(sum uint32) string { return strings.TrimPrefix((&Bets{BodySum: sum}).head(), "bets  ") }

func FuzzParseHeader(f *testing.F) {
	for _, tt := range entries {
		f.Add(strings.Join(tt.lines[:len(tt.lines)-1], "\n"))
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		lines = append(lines, "crc "+hexOf(sumOfLines(lines)))
		if e, err := ParseHeader(lines); err == nil && !slices.Equal(Header(e), lines) {
			t.Errorf("%q became %q", lines, Header(e))
		}
	})
}

func TestCheckBody(t *testing.T) {
	b := Bets{Segments: []Segment{{Length: 5}, {Length: 4}}, BodySum: 0xe3069283}
	if err := b.Check([]byte("123456789")); err != nil {
		t.Error(err)
	}
	for _, body := range []string{"", "12345678", "1234567890", "123456780"} {
		if err := b.Check([]byte(body)); !errors.Is(err, ErrCorrupted) {
			t.Errorf("%q: %v", body, err)
		}
	}
}
