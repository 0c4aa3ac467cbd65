package agency

import (
	"slices"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// What a data file usually holds takes the short way.
func TestPlainRecords(t *testing.T) {
	want := []protocol.Bet{
		{FirstName: "María Belén", LastName: "Núñez", Document: "00904465", Birthdate: protocol.Date{Year: 1999, Month: 3, Day: 17}, Number: 7574},
		{Birthdate: protocol.Date{Year: 2000, Month: 2, Day: 29}},
		{FirstName: strings.Repeat("x", protocol.MaxString), Birthdate: protocol.Date{Year: 1, Month: 12, Day: 31}, Number: 999_999_999_999_999_999},
	}
	for _, end := range []string{"\n", "\r\n"} {
		lines := file(want, end)
		for _, lines := range []string{lines, strings.TrimSuffix(lines, end)} {
			got, ok := plainRecords(records{}, []byte(lines))
			bets, err := rest(&Reader{end: true, buffers: &buffers{records: got}})
			if !ok || err != nil || !slices.Equal(bets, want) {
				t.Errorf("%q: %t, %+v, %v", lines, ok, bets, err)
			}
		}
	}
}

// It leaves alone what it has no words for, wherever that is.
func TestPlainRecordsLeavesTheRest(t *testing.T) {
	const good = "Ana,Paz,1,1999-03-17,7574\n"
	for name, line := range map[string]string{
		"empty line":                "\n",
		"quotes":                    "\"Ana\",Paz,1,1999-03-17,1\n",
		"NUL":                       "A\x00a,Paz,1,1999-03-17,1\n",
		"not UTF-8":                 "Ana,Pa\xff,1,1999-03-17,1\n",
		"line feed in a name":       "A\na,Paz,1,1999-03-17,1\n",
		"carriage return in a name": "A\ra,Paz,1,1999-03-17,1\n",
		"CRLF in a document":        "Ana,Paz,1\r\n,1999-03-17,1\n",
		"a return at the end":       "Ana,Paz,1,1999-03-17,1\r\r\n",
		"long name":                 strings.Repeat("x", protocol.MaxString+1) + ",Paz,1,1999-03-17,1\n",
		"no such day":               "Ana,Paz,1,1999-02-29,1\n",
		"other date":                "Ana,Paz,1,17-03-1999,1\n",
		"sign":                      "Ana,Paz,1,1999-03-17,+1\n",
		"no number":                 "Ana,Paz,1,1999-03-17,\n",
		"19 digits":                 "Ana,Paz,1,1999-03-17,1000000000000000000\n",
		"text behind the number":    "Ana,Paz,1,1999-03-17,1 \n",
		"a field too many":          "Ana,Paz,1,1999-03-17,1,\n",
		"a field too few":           "Ana,1,1999-03-17,1\n",
	} {
		for _, lines := range []string{line, good + line, line + good, good + line + good} {
			if got, ok := plainRecords(records{}, []byte(lines)); ok {
				t.Errorf("%s: %q gave %q", name, lines, got.bytes)
			}
		}
	}
}

// FuzzPlainRecords compares the short way with the long one.
func FuzzPlainRecords(f *testing.F) {
	for _, lines := range []string{
		"Ana,Paz,1,1999-03-17,7574\nAna,Paz,1,1999-03-17,7574", "Ana,Paz,1,1999-02-29,7\r\n", ",,,0001-01-01,0\n\n",
		"A\r,b,c,1999-03-17,1\n", "a,b,c,1999-03-17,+1", "a,b,c,1999-03-17,1,", "a\n,b,c,1999-03-17,1\na,b,c,1999-03-17",
		"a,b,c,1999-03-17,9223372036854775808", strings.Repeat("x", 256) + ",b,c,1999-03-17,1",
	} {
		f.Add(lines)
	}
	f.Fuzz(func(t *testing.T, lines string) {
		plain, ok := plainRecords(records{}, []byte(lines))
		if !ok {
			return
		}
		got, err := rest(&Reader{end: true, buffers: &buffers{records: plain}})
		want, wantErr := rest(&Reader{end: true, buffers: new(buffers), lines: lines})
		if err != nil || wantErr != nil || !slices.Equal(got, want) {
			t.Fatalf("%q: %+v, %v, want %+v, %v", lines, got, err, want, wantErr)
		}
	})
}
