package betcsv

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv/betcsvtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

func TestAppendRow(t *testing.T) {
	for _, g := range betcsvtest.Rows {
		if got := string(AppendRow([]byte("x"), &g.Bet)); got != "x"+g.Row {
			t.Errorf("AppendRow(%+v)\n got %q\nwant %q", g.Bet, got[1:], g.Row)
		}
	}
}

// decodeAll gives the bets up to the end or the first error.
func decodeAll(src io.Reader) (bets []lottery.Bet, err error) {
	r := NewReader(src)
	for {
		bet, err := r.Next()
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
	for _, g := range betcsvtest.Rows {
		file.WriteString(g.Row)
	}
	for name, src := range map[string]io.Reader{
		"whole":        bytes.NewReader(file.Bytes()),
		"byte by byte": iotest.OneByteReader(bytes.NewReader(file.Bytes())),
		"data and EOF": iotest.DataErrReader(bytes.NewReader(file.Bytes())),
	} {
		bets, err := decodeAll(src)
		if err != nil || len(bets) != len(betcsvtest.Rows) {
			t.Fatalf("%s: %d bets, error %v", name, len(bets), err)
		}
		for i, g := range betcsvtest.Rows {
			if bets[i] != g.Bet {
				t.Errorf("%s: row %d:\n got %+v\nwant %+v", name, i+1, bets[i], g.Bet)
			}
		}
	}
}

// TestDecodeTolerates has rows that the store would not write, and that Python's
// reader takes.
func TestDecodeTolerates(t *testing.T) {
	want := betcsvtest.Bet(1, "Ana", "Paz", "12", 7)
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

func TestDecodeNamesDamagedRow(t *testing.T) {
	for row, what := range betcsvtest.Damaged {
		bets, err := decodeAll(strings.NewReader(betcsvtest.GoodRow + betcsvtest.GoodRow + row + betcsvtest.GoodRow))
		if err == nil || len(bets) != 2 || !strings.Contains(err.Error(), "row 3: ") || !strings.Contains(err.Error(), what) {
			t.Errorf("%q: %d bets, error %v, want row 3 and %q", row, len(bets), err, what)
		}
	}
}

func TestDecodeLongRows(t *testing.T) {
	long := betcsvtest.Bet(1, strings.Repeat("ñ\"", 200_000), strings.Repeat("x", 500_000), "1", 1)
	row := AppendRow(nil, &long)
	bets, err := decodeAll(bytes.NewReader(append(row, betcsvtest.GoodRow...)))
	if err != nil || len(bets) != 2 || bets[0] != long {
		t.Errorf("long row: %d bets, error %v", len(bets), err)
	}
	endless := strings.NewReader("1,\"" + strings.Repeat("x\n", maxRow))
	if _, err := decodeAll(endless); err == nil || errors.Is(err, ErrTorn) {
		t.Errorf("endless row: error %v", err)
	}
	broken := iotest.TimeoutReader(strings.NewReader(betcsvtest.GoodRow))
	if _, err := decodeAll(broken); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("failing reader: error %v", err)
	}
}

func appendRows(dst []byte, bets []lottery.Bet) []byte {
	for i := range bets {
		dst = AppendRow(dst, &bets[i])
	}
	return dst
}

func TestCodecAllocations(t *testing.T) {
	bets := plain(1000)
	bets[3].LastName = `"Peña", o no`
	buf := appendRows(nil, bets)
	if n := testing.AllocsPerRun(10, func() { buf = appendRows(buf[:0], bets) }); n != 0 {
		t.Errorf("encoding 1000 rows allocates %v times, want 0", n)
	}
	decode := func() {
		r := NewReader(bytes.NewReader(buf))
		for _, err := r.Next(); err == nil; _, err = r.Next() {
		}
	}
	if n := testing.AllocsPerRun(10, decode); n > 20 {
		t.Errorf("decoding 1000 rows allocates %v times, want one for each piece read", n)
	}
}

func FuzzDecode(f *testing.F) {
	for _, g := range betcsvtest.Rows {
		f.Add([]byte(g.Row))
	}
	for row := range betcsvtest.Damaged {
		f.Add([]byte(betcsvtest.GoodRow + row))
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

func FuzzAppendRow(f *testing.F) {
	f.Add(uint32(1), "Ana", `a"b`, "a,\r\n", int64(7574))
	f.Fuzz(func(t *testing.T, agency uint32, first, last, document string, number int64) {
		want := betcsvtest.Bet(lottery.AgencyID(agency), first, last, document, number)
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
