package lottery

import (
	"strings"
	"testing"
	"time"
)

func TestParseBet(t *testing.T) {
	long := strings.Repeat("ñ", 128) // longer than the protocol allows
	ok := [5]string{"Ana", "Paz", "30904465", "1999-03-17", "7574"}
	with := func(i int, text string) [5]string {
		r := ok
		r[i] = text
		return r
	}
	day := func(y uint16, m, d uint8) Date { return Date{Year: y, Month: m, Day: d} }
	base := Bet{Agency: 3, FirstName: "Ana", LastName: "Paz", Document: "30904465", Birthdate: day(1999, 3, 17), Number: 7574}
	bet := func(change func(*Bet)) Bet {
		b := base
		change(&b)
		return b
	}
	for _, tt := range []struct {
		name string
		row  [5]string
		want Bet
		err  string // names the field; "" = accepted
	}{
		{"plain", ok, base, ""},
		{"document keeps zeros", with(2, "00030904465"), bet(func(b *Bet) { b.Document = "00030904465" }), ""},
		{"long", with(0, long), bet(func(b *Bet) { b.FirstName = long }), ""},
		{"line feed", with(0, "A\nB"), base, "first name: holds a line break"},
		{"carriage return", with(1, "A\rB"), base, "last name: holds a line break"},
		{"NUL", with(2, "1\x002"), base, "document: holds a line break or a NUL"},
		{"not UTF-8", with(0, "Jos\xe9"), base, "first name: not UTF-8"},
		{"half a character", with(1, "Mu\xc3"), base, "last name: not UTF-8"},
		{"17 bits", with(4, "65536"), bet(func(b *Bet) { b.Number = 65536 }), ""},
		{"17 bits that look like the winner", with(4, "73110"), bet(func(b *Bet) { b.Number = 73110 }), ""},
		{"33 bits", with(4, "4294974870"), bet(func(b *Bet) { b.Number = 4294974870 }), ""},
		{"largest", with(4, "9223372036854775807"), bet(func(b *Bet) { b.Number = 1<<63 - 1 }), ""},
		{"smallest", with(4, "-9223372036854775808"), bet(func(b *Bet) { b.Number = -1 << 63 }), ""},
		{"65 bits", with(4, "9223372036854775808"), base, `number: "9223372036854775808" is no integer`},
		{"number with zeros", with(4, "007574"), base, ""},
		{"no number", with(4, ""), base, "number"},
		{"fraction", with(4, "7574.0"), base, "number"},
		{"hexadecimal", with(4, "0x1d96"), base, "number"},
		{"underscore", with(4, "7_574"), base, "number"},
		{"space", with(4, " 7574"), base, "number"},
		{"leap day", with(3, "2000-02-29"), bet(func(b *Bet) { b.Birthdate = day(2000, 2, 29) }), ""},
		{"first year", with(3, "0001-01-01"), bet(func(b *Bet) { b.Birthdate = day(1, 1, 1) }), ""},
		{"last day", with(3, "9999-12-31"), bet(func(b *Bet) { b.Birthdate = day(9999, 12, 31) }), ""},
		{"no leap year", with(3, "1999-02-29"), base, `birthdate: "1999-02-29"`},
		{"no leap century", with(3, "1900-02-29"), base, "birthdate"},
		{"31 April", with(3, "1999-04-31"), base, "birthdate"},
		{"month 13", with(3, "1999-13-01"), base, "birthdate"},
		{"month 0", with(3, "1999-00-10"), base, "birthdate"},
		{"day 0", with(3, "1999-01-00"), base, "birthdate"},
		{"year 0", with(3, "0000-01-01"), base, "birthdate"},
		{"two digits", with(3, "99-03-17"), base, "birthdate"},
		{"one digit", with(3, "1999-3-17"), base, "birthdate"},
		{"the other way round", with(3, "17-03-1999"), base, "birthdate"},
		{"slashes", with(3, "1999/03/17"), base, "birthdate"},
		{"a time after it", with(3, "1999-03-17T00:00:00Z"), base, "birthdate"},
		{"a sign", with(3, "+999-03-17"), base, "birthdate"},
		{"other digits", with(3, "１999-03-1"), base, "birthdate"},
		{"none", with(3, ""), base, "birthdate"},
	} {
		got, err := ParseBet(3, tt.row[0], tt.row[1], tt.row[2], tt.row[3], tt.row[4])
		if err == nil {
			err = got.Validate()
		}
		switch {
		case tt.err == "" && (err != nil || got != tt.want):
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.err)
		}
	}
}

// A date is the same in every time zone, also if daylight saving time began at its
// midnight.
func TestDatesHaveNoTimeZone(t *testing.T) {
	before := time.Local
	t.Cleanup(func() { time.Local = before })
	for _, zone := range []string{"America/Argentina/Buenos_Aires", "Pacific/Kiritimati", "Pacific/Apia", "America/Sao_Paulo"} {
		local, err := time.LoadLocation(zone)
		if err != nil {
			t.Logf("not tested: %v", err)
			continue
		}
		time.Local = local
		for _, day := range []string{"1988-12-01", "2011-12-30", "2018-11-04", "1970-01-01", "1894-10-31"} {
			d, err := ParseDate(day)
			want := Date{Year: 1000*uint16(day[0]-'0') + 100*uint16(day[1]-'0') + 10*uint16(day[2]-'0') + uint16(day[3]-'0'),
				Month: 10*(day[5]-'0') + day[6] - '0', Day: 10*(day[8]-'0') + day[9] - '0'}
			if err != nil || d != want {
				t.Errorf("%s in %s: %v, %v", day, zone, d, err)
			}
		}
	}
}
