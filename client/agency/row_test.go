package agency

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

type row = [fields]string

func TestSplitRow(t *testing.T) {
	for _, tt := range []struct {
		name, line string
		want       row
	}{
		{"plain", "Santiago Lionel,Lorca,30904465,1999-03-17,2201", row{"Santiago Lionel", "Lorca", "30904465", "1999-03-17", "2201"}},
		{"empty fields", ",,,,", row{}},
		{"all quoted", `"a","b","c","d","e"`, row{"a", "b", "c", "d", "e"}},
		{"quoted empty", `"","",,"",""`, row{}},
		{"comma inside", `"Pérez, hijo",Lorca,1,2,3`, row{"Pérez, hijo", "Lorca", "1", "2", "3"}},
		{"doubled quotes", `"el ""Pibe""",b,c,d,e`, row{`el "Pibe"`, "b", "c", "d", "e"}},
		{"nothing but quotes", `"""","""""",c,d,e`, row{`"`, `""`, "c", "d", "e"}},
		{"quote beside comma", `""",",",""",c,d,e`, row{`",`, `,"`, "c", "d", "e"}},
		{"last one quoted", `a,b,c,d,"e,"""`, row{"a", "b", "c", "d", `e,"`}},
		{"spaces stay", ` a , b,c ,d, e`, row{" a ", " b", "c ", "d", " e"}},
		{"accents", "Íñigo,Güemes,1,2,3", row{"Íñigo", "Güemes", "1", "2", "3"}},
		{"CJK", "李小龍,ブルース,1,2,3", row{"李小龍", "ブルース", "1", "2", "3"}},
		{"semicolon is text", "a;b,c,d,e,f", row{"a;b", "c", "d", "e", "f"}},
		{"not UTF-8 is for others to refuse", "\xff,b,c,d,e", row{"\xff", "b", "c", "d", "e"}},
	} {
		got, err := splitRow(tt.line)
		if err != nil || got != tt.want {
			t.Errorf("%s: %q, %v", tt.name, got, err)
		}
	}
}

func TestSplitRowRefuses(t *testing.T) {
	for name, line := range map[string]string{
		"one field":              "a",
		"four fields":            "a,b,c,d",
		"six fields":             "a,b,c,d,e,f",
		"a comma too many":       "a,b,c,d,e,",
		"quote inside":           `a"b,c,d,e,f`,
		"quote at the end":       `a",b,c,d,e`,
		"text behind a quote":    `"a"b,c,d,e,f`,
		"space behind a quote":   `"a" ,b,c,d,e`,
		"space before a quote":   ` "a",b,c,d,e`,
		"never closed":           `"a,b,c,d,e`,
		"never closed, last":     `a,b,c,d,"e`,
		"closed by a double one": `a,b,c,d,"e""`,
		"a lone quote":           `"`,
		"semicolons":             "a;b;c;d;e",
	} {
		if got, err := splitRow(line); err == nil {
			t.Errorf("%s: accepted as %q", name, got)
		}
	}
}

func TestParseBet(t *testing.T) {
	long, tooLong := strings.Repeat("ñ", 127)+"n", strings.Repeat("ñ", 128)
	ok := row{"Ana", "Paz", "30904465", "1999-03-17", "7574"}
	with := func(i int, text string) row {
		r := ok
		r[i] = text
		return r
	}
	day := func(y uint16, m, d uint8) protocol.Date { return protocol.Date{Year: y, Month: m, Day: d} }
	base := protocol.Bet{FirstName: "Ana", LastName: "Paz", Document: "30904465", Birthdate: day(1999, 3, 17), Number: 7574}
	bet := func(change func(*protocol.Bet)) protocol.Bet {
		b := base
		change(&b)
		return b
	}
	for _, tt := range []struct {
		name string
		row  row
		want protocol.Bet
		err  string // names the field; "" = accepted
	}{
		{"plain", ok, base, ""},
		{"document keeps zeros", with(2, "00030904465"), bet(func(b *protocol.Bet) { b.Document = "00030904465" }), ""},
		{"255 bytes", with(0, long), bet(func(b *protocol.Bet) { b.FirstName = long }), ""},
		{"256 bytes", with(0, tooLong), base, "first name: 256 bytes, at most 255"},
		{"256 bytes", with(1, tooLong), base, "last name: 256"},
		{"256 bytes", with(2, tooLong), base, "document: 256"},
		{"line feed", with(0, "A\nB"), base, "first name: holds a line break"},
		{"carriage return", with(1, "A\rB"), base, "last name: holds a line break"},
		{"NUL", with(2, "1\x002"), base, "document: holds a line break or a NUL"},
		{"not UTF-8", with(0, "Jos\xe9"), base, "first name: not UTF-8"},
		{"half a character", with(1, "Mu\xc3"), base, "last name: not UTF-8"},
		{"17 bits", with(4, "65536"), bet(func(b *protocol.Bet) { b.Number = 65536 }), ""},
		{"17 bits that look like the winner", with(4, "73110"), bet(func(b *protocol.Bet) { b.Number = 73110 }), ""},
		{"33 bits", with(4, "4294974870"), bet(func(b *protocol.Bet) { b.Number = 4294974870 }), ""},
		{"largest", with(4, "9223372036854775807"), bet(func(b *protocol.Bet) { b.Number = 1<<63 - 1 }), ""},
		{"smallest", with(4, "-9223372036854775808"), bet(func(b *protocol.Bet) { b.Number = -1 << 63 }), ""},
		{"65 bits", with(4, "9223372036854775808"), base, `number: "9223372036854775808" is no integer`},
		{"number with zeros", with(4, "007574"), base, ""},
		{"no number", with(4, ""), base, "number"},
		{"fraction", with(4, "7574.0"), base, "number"},
		{"hexadecimal", with(4, "0x1d96"), base, "number"},
		{"underscore", with(4, "7_574"), base, "number"},
		{"space", with(4, " 7574"), base, "number"},
		{"leap day", with(3, "2000-02-29"), bet(func(b *protocol.Bet) { b.Birthdate = day(2000, 2, 29) }), ""},
		{"first year", with(3, "0001-01-01"), bet(func(b *protocol.Bet) { b.Birthdate = day(1, 1, 1) }), ""},
		{"last day", with(3, "9999-12-31"), bet(func(b *protocol.Bet) { b.Birthdate = day(9999, 12, 31) }), ""},
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
		{"a time behind", with(3, "1999-03-17T00:00:00Z"), base, "birthdate"},
		{"a sign", with(3, "+999-03-17"), base, "birthdate"},
		{"other digits", with(3, "１999-03-1"), base, "birthdate"},
		{"none", with(3, ""), base, "birthdate"},
	} {
		got, err := ParseBet(tt.row[0], tt.row[1], tt.row[2], tt.row[3], tt.row[4])
		switch {
		case tt.err == "" && (err != nil || got != tt.want):
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.err)
		}
	}
}

// A day is a day wherever the agency is: also one that daylight saving time
// began at midnight of, and that so has no midnight.
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
			d, ok := parseDate(day)
			want := protocol.Date{Year: 1000*uint16(day[0]-'0') + 100*uint16(day[1]-'0') + 10*uint16(day[2]-'0') + uint16(day[3]-'0'),
				Month: 10*(day[5]-'0') + day[6] - '0', Day: 10*(day[8]-'0') + day[9] - '0'}
			if !ok || d != want {
				t.Errorf("%s in %s: %v, %t", day, zone, d, ok)
			}
		}
	}
}

// FuzzSplitRow compares with encoding/csv. What both accept they must read
// alike; and csv accepts all that we do.
func FuzzSplitRow(f *testing.F) {
	for _, line := range []string{"a,b,c,d,e", `"a,""b""",,"",d,e`, `a"b,c,d,e,f`, `"a"b,c,d,e,f`, "á,b,c,d,e\xff", `a,b,c,d,"`, `,,,,`} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsAny(line, "\r\n") || line == "" {
			return // the reader has cut lines
		}
		got, err := splitRow(line)
		reader := csv.NewReader(strings.NewReader(line))
		reader.FieldsPerRecord = fields
		want, csvErr := reader.Read()
		if (err == nil) != (csvErr == nil) {
			t.Fatalf("%q: %v, encoding/csv: %v", line, err, csvErr)
		}
		if err == nil && got != row(want) {
			t.Fatalf("%q: %q, encoding/csv: %q", line, got, want)
		}
	})
}
