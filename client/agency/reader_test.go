package agency

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// readAll reads a data file's content, and returns the bets before the error;
// io.EOF counts as none.
func readAll(from io.Reader) ([]protocol.Bet, error) {
	return rest(newReader("agency-1.csv", io.NopCloser(from)))
}

// rest reads what a reader has not given out yet.
func rest(r *Reader) ([]protocol.Bet, error) {
	var bets []protocol.Bet
	for {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			return bets, nil
		}
		if err != nil {
			return bets, err
		}
		var single protocol.Single // holds a record behind an offset
		if err := single.Decode(append(make([]byte, 8), record...)); err != nil {
			return bets, err
		}
		bets = append(bets, single.Bet)
	}
}

// numbered makes n different bets.
func numbered(n int) []protocol.Bet {
	bets := make([]protocol.Bet, n)
	for i := range bets {
		bets[i] = protocol.Bet{
			FirstName: fmt.Sprintf(`Ana "%d"`, i), LastName: "Paz, hija", Document: fmt.Sprintf("%08d", i),
			Birthdate: protocol.Date{Year: 1999, Month: 3, Day: 17}, Number: int64(i),
		}
	}
	return bets
}

// file writes bets as a data file holds them.
func file(bets []protocol.Bet, lineEnd string) string {
	quote := func(s string) string {
		if strings.ContainsAny(s, `",`) {
			return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
		}
		return s
	}
	var b strings.Builder
	for i := range bets {
		d := bets[i].Birthdate
		fmt.Fprintf(&b, "%s,%s,%s,%04d-%02d-%02d,%d%s", quote(bets[i].FirstName), quote(bets[i].LastName),
			quote(bets[i].Document), d.Year, d.Month, d.Day, bets[i].Number, lineEnd)
	}
	return b.String()
}

func TestReader(t *testing.T) {
	two := numbered(2)
	lf, crlf := file(two, "\n"), file(two, "\r\n")
	for _, tt := range []struct {
		name, content string
		want          []protocol.Bet
	}{
		{"empty", "", nil},
		{"nothing but lines", "\n\r\n\n", nil},
		{"nothing but a mark", byteOrderMark, nil},
		{"LF", lf, two},
		{"CRLF", crlf, two},
		{"LF, no newline at the end", strings.TrimSuffix(lf, "\n"), two},
		{"CRLF, no newline at the end", strings.TrimSuffix(crlf, "\r\n"), two},
		{"mixed", file(two[:1], "\r\n") + file(two[1:], "\n"), two},
		{"byte order mark", byteOrderMark + crlf, two},
		{"empty lines", "\n\r\n" + file(two[:1], "\n") + "\r\n\n" + file(two[1:], "\n") + "\n\n", two},
	} {
		for how, from := range map[string]io.Reader{
			"at once":             strings.NewReader(tt.content),
			"byte by byte":        iotest.OneByteReader(strings.NewReader(tt.content)),
			"half of what is due": iotest.HalfReader(strings.NewReader(tt.content)),
			"end with the data":   iotest.DataErrReader(strings.NewReader(tt.content)),
		} {
			if got, err := readAll(from); err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("%s, %s: %+v, %v", tt.name, how, got, err)
			}
		}
	}
}

func TestReaderNamesFileAndLine(t *testing.T) {
	good := strings.TrimSuffix(file(numbered(1), "\n"), "\n")
	const plain = "Ana,Paz,1,1999-01-01,1\n" // without quotes
	for _, tt := range []struct {
		name, content string
		good          int // bets before the error
		want          string
	}{
		{"fields", good + "\n" + good + "\na,b\n" + good, 2, "agency-1.csv, line 3: 2 fields"},
		{"first line", "nombre,apellido,documento,nacimiento,numero\n" + good, 0, "agency-1.csv, line 1: birthdate"},
		{"empty lines count", "\n\r\n" + good + "\n\nx\n", 1, "line 5"},
		{"last line, cut", good + "\n" + good[:len(good)-3], 1, "line 2"},
		{"line break in a field", good + "\n\"A\nB\",c,1,1999-01-01,1\n", 1, "line 2: a quote"},
		{"mark in the middle", good + "\n" + good + "\n" + byteOrderMark + `"a",b,c,1999-01-01,1`, 2, "line 3: a quote"},
		{"spaces only", good + "\n \n", 1, "line 2: 1 fields"},
		{"carriage returns only", good + "\r" + good, 0, "line 1"},
		{"NUL", good + "\n\x00", 1, "line 2"},
		{"NUL in a name", plain + "A\x00a,Paz,1,1999-01-01,1\n" + plain, 1, "line 2: first name: holds a line break or a NUL"},
		{"Latin-1", plain + "Ana,Mu\xf1oz,1,1999-01-01,1\n" + plain, 1, "line 2: last name: not UTF-8"},
		{"quote in a name", plain + "Ana,P\"az,1,1999-01-01,1\n" + plain, 1, "line 2: a quote"},
		{"UTF-16", "\xff\xfea\x00,\x00", 0, "line 1"},
		{"too long", good + "\n" + strings.Repeat("x", chunkSize), 1, "line 2: longer than 16384 bytes"},
		{"too long and quoted", good + "\n\"" + strings.Repeat("x", 3*chunkSize) + "\"", 1, "line 2: longer than"},
		{"as long as can be", good + "\n" + strings.Repeat("x", chunkSize-1) + "\n", 1, "line 2: 1 fields"},
	} {
		bets, err := readAll(strings.NewReader(tt.content))
		if err == nil || !strings.Contains(err.Error(), tt.want) || len(bets) != tt.good {
			t.Errorf("%s: %d bets, error %v, want %d and %q", tt.name, len(bets), err, tt.good, tt.want)
		}
	}
}

func TestReaderReportsReadFailure(t *testing.T) {
	broken := errors.New("the disk is gone")
	content := io.MultiReader(strings.NewReader(file(numbered(3), "\n")), iotest.ErrReader(broken))
	bets, err := readAll(content)
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "agency-1.csv") || len(bets) != 3 {
		t.Errorf("%d bets, %v", len(bets), err)
	}
}

// plain makes n different bets whose rows need no quotes.
func plain(n int) []protocol.Bet {
	bets := numbered(n)
	for i := range bets {
		bets[i].FirstName, bets[i].LastName = fmt.Sprint("Ana ", i), "Paz"
	}
	return bets
}

// The border between two chunks falls on every byte of a row, and of its line
// end, once.
func TestReaderRowsStraddleChunks(t *testing.T) {
	for name, make := range map[string]func(int) []protocol.Bet{"quoted": numbered, "plain": plain} {
		for _, end := range []string{"\n", "\r\n"} {
			row := file(make(1), end)
			want := make(chunkSize/len(row) + 40)
			last, rest := want[0].LastName, file(want[1:], end)
			for shift := range len(row) + 3 {
				// The first row is longer, and moves all that follow.
				want[0].LastName = last + strings.Repeat("x", shift)
				got, err := readAll(strings.NewReader(file(want[:1], end) + rest))
				if err != nil || !slices.Equal(got, want) {
					t.Fatalf("%s, %q, shifted by %d: %d bets, want %d, %v", name, end, shift, len(got), len(want), err)
				}
			}
		}
	}
}

// An unusual row among plain ones is read like them, and a wrong one is named,
// wherever in a chunk it is.
func TestReaderUnusualRowAmongPlainOnes(t *testing.T) {
	want := plain(1000)
	for _, k := range []int{0, 1, 700, 998, 999} {
		lines := strings.SplitAfter(file(want, "\r\n"), "\r\n")
		good := lines[k]
		lines[k] = strings.Replace(good, ",1999-03-17,", ",1999-03-17,+", 1)
		if got, err := readAll(strings.NewReader(strings.Join(lines, ""))); err != nil || !slices.Equal(got, want) {
			t.Errorf("a sign in line %d: %d bets, %v", k+1, len(got), err)
		}
		lines[k] = strings.Replace(good, ",1999-03-17,", ",1999-02-29,", 1)
		got, err := readAll(strings.NewReader(strings.Join(lines, "")))
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("line %d: birthdate", k+1)) || !slices.Equal(got, want[:k]) {
			t.Errorf("no such day in line %d: %d bets, %v", k+1, len(got), err)
		}
	}
}

func TestReaderProgress(t *testing.T) {
	content := byteOrderMark + file(numbered(1000), "\r\n") + "\n"
	name := filepath.Join(t.TempDir(), "agency-1.csv")
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	first := int64(strings.LastIndexByte(content[:chunkSize], '\n') + 1) // the whole lines of a chunk
	if read, size := r.Progress(); read != first || size != int64(len(content)) {
		t.Errorf("after one bet %d of %d, want %d of %d", read, size, first, len(content))
	}
	for err == nil {
		_, err = r.Next()
	}
	if read, size := r.Progress(); read != size {
		t.Errorf("at the end %d of %d", read, size)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), dir+" is a folder") {
		t.Errorf("a folder: %v", err)
	}
	missing := filepath.Join(dir, "agency-9.csv")
	if _, err := Open(missing); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("missing: %v", err)
	}
}

// endless gives the same row for ever.
type endless struct {
	row  string
	next int
}

func (e *endless) Read(p []byte) (n int, err error) {
	for n < len(p) {
		k := copy(p[n:], e.row[e.next:])
		n += k
		e.next = (e.next + k) % len(e.row)
	}
	return n, nil
}

func (*endless) Close() error { return nil }

// From the file to the frame a bet costs no allocation.
func TestAllocationsPerBet(t *testing.T) {
	const bets = 10_000
	r := newReader("endless", &endless{row: "Santiago Lionel,Lorca,30904465,1999-03-17,2201\r\n"})
	var batch protocol.BatchBuilder
	buffer := make([]byte, 0, protocol.MaxFrame)
	allocations := testing.AllocsPerRun(5, func() {
		batch.Start(buffer, 0)
		for range bets {
			record, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			if !batch.Add(record) {
				batch.Start(batch.Frame()[:0], batch.End())
			}
		}
	})
	if allocations > 0 {
		t.Errorf("%v allocations for %d bets", allocations, bets)
	}
}
