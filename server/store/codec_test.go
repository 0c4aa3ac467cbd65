package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
)

func bet(agency lottery.AgencyID, first, last, document string, number int64) lottery.Bet {
	return lottery.Bet{Agency: agency, FirstName: first, LastName: last, Document: document,
		Birthdate: lottery.Date{Year: 1999, Month: 3, Day: 17}, Number: number}
}

// goldenRows are bets and the bytes that Python's csv.writer makes of them.
var goldenRows = []struct {
	bet lottery.Bet
	row string
}{
	{bet(1, "Santiago Lionel", "Lorca", "30904465", 2201), "1,Santiago Lionel,Lorca,30904465,1999-03-17,2201\r\n"},
	{bet(5, "María José", "Núñez", "01234567", 7574), "5,María José,Núñez,01234567,1999-03-17,7574\r\n"},
	{bet(1, "", "", "", 0), "1,,,,1999-03-17,0\r\n"},
	{bet(1, " Ana ", "\tPaz", "#1", 1), "1, Ana ,\tPaz,#1,1999-03-17,1\r\n"},
	{bet(1, "a;b|c", "O'Hara", `\`, 1), "1,a;b|c,O'Hara,\\,1999-03-17,1\r\n"},
	{bet(1, "a,b", ",", ",,", 1), "1,\"a,b\",\",\",\",,\",1999-03-17,1\r\n"},
	{bet(1, `"`, `""`, `Juan "El Loco"`, 1), "1,\"\"\"\",\"\"\"\"\"\",\"Juan \"\"El Loco\"\"\",1999-03-17,1\r\n"},
	{bet(1, "a\nb", "c", "1", 1), "1,\"a\nb\",c,1,1999-03-17,1\r\n"},
	{bet(1, "a", "b\rc", "1", 1), "1,a,\"b\rc\",1,1999-03-17,1\r\n"},
	{bet(1, "a\nb", "a\rb", "\r\n", 1), "1,\"a\nb\",\"a\rb\",\"\r\n\",1999-03-17,1\r\n"},
	{bet(1, "李", "\u2028\u0085", "\ufeff", 1), "1,李,\u2028\u0085,\ufeff,1999-03-17,1\r\n"},
	{bet(4294967295, "a", "b", "c", -9223372036854775808), "4294967295,a,b,c,1999-03-17,-9223372036854775808\r\n"},
	{bet(1, "a", "b", "c", 9223372036854775807), "1,a,b,c,1999-03-17,9223372036854775807\r\n"},
	{lottery.Bet{Agency: 2, Birthdate: lottery.Date{Year: 1, Month: 1, Day: 1}}, "2,,,,0001-01-01,0\r\n"},
	{lottery.Bet{Agency: 2, Birthdate: lottery.Date{Year: 2000, Month: 2, Day: 29}}, "2,,,,2000-02-29,0\r\n"},
}

func TestAppendRow(t *testing.T) {
	for _, g := range goldenRows {
		if got := string(AppendRow([]byte("x"), &g.bet)); got != "x"+g.row {
			t.Errorf("AppendRow(%+v)\n got %q\nwant %q", g.bet, got[1:], g.row)
		}
	}
}

// A number is written as strconv does, whatever its length.
func TestAppendNumber(t *testing.T) {
	numbers := []int64{math.MinInt64, -7574, -1, 1<<32 + 5, 1<<33 + 1234, math.MaxInt64}
	for n := range int64(10_100) {
		numbers = append(numbers, n)
	}
	for _, n := range numbers {
		if got, want := string(appendNumber([]byte("x"), n)), "x"+strconv.FormatInt(n, 10); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// However many bets are encoded at once, their rows are those of each.
func TestAppendBatch(t *testing.T) {
	var bets []lottery.Bet
	want := "x"
	for _, g := range goldenRows {
		if g.bet.Validate() != nil {
			continue
		}
		for _, alone := range [][]lottery.Bet{{g.bet}, {g.bet, g.bet}} {
			rows, err := appendBatch([]byte("x"), 0, alone)
			if err != nil || string(rows) != "x"+strings.Repeat(g.row, len(alone)) {
				t.Errorf("%d times %+v\n got %q, %v", len(alone), g.bet, rows, err)
			}
		}
		bets = append(bets, g.bet)
		want += g.row
	}
	rows, err := appendBatch([]byte("x"), 0, bets)
	if err != nil || string(rows) != want {
		t.Errorf(" got %q, %v\nwant %q", rows, err, want)
	}
	if rows, err := appendBatch([]byte("x"), 0, nil); err != nil || string(rows) != "x" {
		t.Errorf("no bets: %q, %v", rows, err)
	}
}

// A bet that is not valid is named by its position, and nothing is appended.
func TestAppendBatchRefuses(t *testing.T) {
	good := bet(1, "Ana", "Paz", "1", 1)
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
			rows, err := appendBatch([]byte("x"), 100, bets)
			if !errors.Is(err, lottery.ErrInvalidBet) || !strings.HasPrefix(err.Error(), fmt.Sprintf("bet %d: ", 100+i)) || string(rows) != "x" {
				t.Errorf("%s of bet %d: %q, %v", name, i, rows, err)
			}
		}
	}
}

// decodeAll gives the bets up to the end or the first error.
func decodeAll(src io.Reader) (bets []lottery.Bet, err error) {
	d := newDecoder(src)
	for {
		bet, err := d.next()
		if err == io.EOF {
			return bets, nil
		}
		if err != nil {
			return bets, err
		}
		bets = append(bets, *bet)
	}
}

func TestDecodeGoldenRows(t *testing.T) {
	var file bytes.Buffer
	for _, g := range goldenRows {
		file.WriteString(g.row)
	}
	for name, src := range map[string]io.Reader{
		"whole":        bytes.NewReader(file.Bytes()),
		"byte by byte": iotest.OneByteReader(bytes.NewReader(file.Bytes())),
		"data and EOF": iotest.DataErrReader(bytes.NewReader(file.Bytes())),
	} {
		bets, err := decodeAll(src)
		if err != nil || len(bets) != len(goldenRows) {
			t.Fatalf("%s: %d bets, error %v", name, len(bets), err)
		}
		for i, g := range goldenRows {
			if bets[i] != g.bet {
				t.Errorf("%s: row %d:\n got %+v\nwant %+v", name, i+1, bets[i], g.bet)
			}
		}
	}
}

// TestDecodeTolerates has rows that the store would not write, and that Python's
// reader takes.
func TestDecodeTolerates(t *testing.T) {
	want := bet(1, "Ana", "Paz", "12", 7)
	for _, row := range []string{
		"1,Ana,Paz,12,1999-03-17,7\n",
		"\"1\",\"Ana\",\"Paz\",\"12\",\"1999-03-17\",\"7\"\n",
		"\"1\",\"Ana\",\"Paz\",\"12\",\"1999-03-17\",\"7\"\r\n",
		"1,\"An\"a,Paz,12,1999-03-17,7\r\n",
		"01,Ana,Paz,12,1999-03-17,+007\r\n",
	} {
		bets, err := decodeAll(strings.NewReader(row))
		if err != nil || len(bets) != 1 || bets[0] != want {
			t.Errorf("%q: %+v, error %v", row, bets, err)
		}
	}
	bets, err := decodeAll(strings.NewReader("1,An\"a\",Paz,12,1999-03-17,7\n"))
	if err != nil || bets[0].FirstName != `An"a"` {
		t.Errorf("a quote inside a field: %+v, error %v", bets, err)
	}
}

const goodRow = "1,Ana,Paz,12,1999-03-17,7\r\n"

// damagedRows are rows that no crash leaves, and what their error says.
var damagedRows = map[string]string{
	"\r\n":                                            "1 columns",
	"1,Ana,Paz,12,1999-03-17\r\n":                     "5 columns",
	"1,Ana,Paz,12,1999-03-17,7,8\r\n":                 "7 columns",
	"1,\"Ana\",Paz,12,1999-03-17\r\n":                 "5 columns",
	"1,\"A\",Paz,12,1999-03-17,7,8\r\n":               "7 columns",
	"0,Ana,Paz,12,1999-03-17,7\r\n":                   "agency",
	"-1,Ana,Paz,12,1999-03-17,7\r\n":                  "agency",
	"x,Ana,Paz,12,1999-03-17,7\r\n":                   "agency",
	"4294967296,A,P,12,1999-03-17,7\n":                "agency",
	"1,Ana,Paz,12,1999-02-29,7\r\n":                   "birthdate",
	"1,Ana,Paz,12,1999-3-17,7\r\n":                    "birthdate",
	"1,Ana,Paz,12,19990317,7\r\n":                     "birthdate",
	"1,Ana,Paz,12,0000-03-17,7\r\n":                   "birthdate",
	"1,Ana,Paz,12,1999-03-1x,7\r\n":                   "birthdate",
	"1,Ana,Paz,12,1999-03-17,\r\n":                    "number",
	"1,Ana,Paz,12,1999-03-17,7.0\r\n":                 "number",
	"1,Ana,Paz,12,1999-03-17, 7\r\n":                  "number",
	"1,Ana,Paz,12,1999-03-17,9223372036854775808\r\n": "number",
	"1,A\x00a,Paz,12,1999-03-17,7\r\n":                "NUL",
	"1,\"A\x00\",Paz,12,1999-03-17,7\r\n":             "NUL",
	"1,A\xffa,Paz,12,1999-03-17,7\r\n":                "UTF-8",
	"1,A\ra,Paz,12,1999-03-17,7\r\n":                  `\r`,
	"1,\"A\"\ra,Paz,12,1999-03-17,7\r\n":              `\r`,
	"1,Ana,Paz,12,1999-03-17,7\r\r\n":                 `\r`,
	"\ufeff1,Ana,Paz,12,1999-03-17,7\r\n":             "agency",
}

func TestDecodeNamesDamagedRow(t *testing.T) {
	for row, what := range damagedRows {
		bets, err := decodeAll(strings.NewReader(goodRow + goodRow + row + goodRow))
		if err == nil || len(bets) != 2 || !strings.Contains(err.Error(), "row 3: ") || !strings.Contains(err.Error(), what) {
			t.Errorf("%q: %d bets, error %v, want row 3 and %q", row, len(bets), err, what)
		}
	}
}

func TestDecodeLongRows(t *testing.T) {
	long := bet(1, strings.Repeat("ñ\"", 200_000), strings.Repeat("x", 500_000), "1", 1)
	row := AppendRow(nil, &long)
	bets, err := decodeAll(bytes.NewReader(append(row, goodRow...)))
	if err != nil || len(bets) != 2 || bets[0] != long {
		t.Errorf("long row: %d bets, error %v", len(bets), err)
	}
	endless := strings.NewReader("1,\"" + strings.Repeat("x\n", maxRow))
	if _, err := decodeAll(endless); err == nil || errors.Is(err, errUnfinished) {
		t.Errorf("endless row: error %v", err)
	}
	broken := iotest.TimeoutReader(strings.NewReader(goodRow))
	if _, err := decodeAll(broken); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("failing reader: error %v", err)
	}
}

func TestCodecAllocations(t *testing.T) {
	bets := sampleBets(1, 0, 1000)
	bets[3].LastName = `"Peña", o no`
	buf := appendRows(nil, bets)
	if n := testing.AllocsPerRun(10, func() { buf = appendRows(buf[:0], bets) }); n != 0 {
		t.Errorf("encoding 1000 rows allocates %v times, want 0", n)
	}
	decode := func() {
		d := newDecoder(bytes.NewReader(buf))
		for _, err := d.next(); err == nil; _, err = d.next() {
		}
	}
	if n := testing.AllocsPerRun(10, decode); n > 1020 {
		t.Errorf("decoding 1000 rows allocates %v times, want one each", n)
	}
}

func FuzzDecode(f *testing.F) {
	for _, g := range goldenRows {
		f.Add([]byte(g.row))
	}
	for row := range damagedRows {
		f.Add([]byte(goodRow + row))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		bets, _ := decodeAll(bytes.NewReader(file))
		again, err := decodeAll(bytes.NewReader(appendRows(nil, bets)))
		if err != nil || len(again) != len(bets) {
			t.Fatalf("%d bets decoded, %d after encoding them, error %v", len(bets), len(again), err)
		}
		for i := range bets {
			if bets[i] != again[i] {
				t.Errorf("bet %d: %+v, after encoding it %+v", i, bets[i], again[i])
			}
		}
	})
}

// What this server writes takes the short way.
func TestPlainRow(t *testing.T) {
	want := bet(1, "María Belén", "Núñez", "00904465", 7574)
	row := string(AppendRow(nil, &want))
	var d decoder
	if !d.plainRow(strings.TrimSuffix(row, "\r\n")) || d.bet[0] != want {
		t.Errorf("%q: %+v", row, d.bet[0])
	}
}

// FuzzPlainRow compares the short way with the long one.
func FuzzPlainRow(f *testing.F) {
	for _, g := range goldenRows {
		f.Add(strings.TrimSuffix(g.row, "\r\n"))
	}
	for row := range damagedRows {
		f.Add(strings.TrimSuffix(row, "\r\n"))
	}
	f.Fuzz(func(t *testing.T, line string) {
		var plain, any decoder
		if strings.ContainsAny(line, "\n\"") || checkText(line) != nil || !plain.plainRow(line) {
			return
		}
		n, err := any.anyRow(line+"\n", len(line))
		if err != nil || n != len(line)+1 || any.bet != plain.bet {
			t.Fatalf("%q: %+v, want %+v, %d, %v", line, plain.bet[0], any.bet[0], n, err)
		}
	})
}

// FuzzAppendBatch compares rows encoded at once with rows encoded one by one.
func FuzzAppendBatch(f *testing.F) {
	f.Add(uint32(1), "Ana", `a"b`, "a,\r\n", uint16(1999), uint8(2), uint8(28), int64(7574))
	f.Add(uint32(0), "\x00", "\xc3", "\xb1", uint16(0), uint8(13), uint8(32), int64(-1))
	f.Fuzz(func(t *testing.T, agency uint32, first, last, document string, year uint16, month, day uint8, number int64) {
		b := lottery.Bet{Agency: lottery.AgencyID(agency), FirstName: first, LastName: last, Document: document,
			Birthdate: lottery.Date{Year: year, Month: month, Day: day}, Number: number}
		swapped := b
		swapped.FirstName, swapped.Document = document, first
		got, err := appendBatch(nil, 0, []lottery.Bet{b, swapped})
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

func FuzzAppendRow(f *testing.F) {
	f.Add(uint32(1), "Ana", `a"b`, "a,\r\n", int64(7574))
	f.Fuzz(func(t *testing.T, agency uint32, first, last, document string, number int64) {
		want := bet(lottery.AgencyID(agency), first, last, document, number)
		bets, err := decodeAll(bytes.NewReader(AppendRow(nil, &want)))
		text := first + last + document
		if agency == 0 || !utf8.ValidString(first+","+last+","+document) || strings.Contains(text, "\x00") || len(text) > maxRow/4 {
			return
		}
		if err != nil || len(bets) != 1 || bets[0] != want {
			t.Errorf("got %+v, error %v, want %+v", bets, err, want)
		}
	})
}
