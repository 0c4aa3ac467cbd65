package betcsv

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv/betcsvtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// readAll reads a data file's content, and returns the bets before the error;
// io.EOF counts as none.
func readAll(src io.Reader) (bets []lottery.Bet, err error) {
	r := NewDataReader(src, "agency-1.csv", 1)
	for {
		bet, err := r.Next()
		if errors.Is(err, io.EOF) {
			return bets, nil
		}
		if err != nil {
			return bets, err
		}
		bets = append(bets, *bet)
	}
}

func TestReader(t *testing.T) {
	two := betcsvtest.Numbered(2)
	lf, crlf := betcsvtest.DataFile(two, "\n"), betcsvtest.DataFile(two, "\r\n")
	for _, tt := range []struct {
		name, content string
		want          []lottery.Bet
	}{
		{"empty", "", nil},
		{"nothing but lines", "\n\r\n\n", nil},
		{"nothing but a mark", byteOrderMark, nil},
		{"LF", lf, two},
		{"CRLF", crlf, two},
		{"LF, no newline at the end", strings.TrimSuffix(lf, "\n"), two},
		{"CRLF, no newline at the end", strings.TrimSuffix(crlf, "\r\n"), two},
		{"quoted last line without an end", betcsvtest.DataFile(two[:1], "\n") + `"Ana ""1""","Paz, hija","00000001","1999-03-17","1"`, two},
		{"quoted only line without an end", `"Ana",Paz,1,1999-03-17,7`,
			[]lottery.Bet{{Agency: 1, FirstName: "Ana", LastName: "Paz", Document: "1", Birthdate: lottery.Date{Year: 1999, Month: 3, Day: 17}, Number: 7}}},
		{"mixed", betcsvtest.DataFile(two[:1], "\r\n") + betcsvtest.DataFile(two[1:], "\n"), two},
		{"byte order mark", byteOrderMark + crlf, two},
		{"empty lines", "\n\r\n" + betcsvtest.DataFile(two[:1], "\n") + "\r\n\n" + betcsvtest.DataFile(two[1:], "\n") + "\n\n", two},
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
	good := strings.TrimSuffix(betcsvtest.DataFile(betcsvtest.Numbered(1), "\n"), "\n")
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
		{"CR in a name, and a line that lacks its own", "A\ra,Paz,1,1999-01-01,1\r\nAna,Paz,1,1999-01-01,1\n", 0, "line 1"},
		{"NUL in the last line, without an end", plain + "A\x00a,Paz,1,1999-01-01,1", 1, "line 2: first name: holds"},
		{"Latin-1 in the last line, without an end", plain + "Ana,Mu\xf1oz,1,1999-01-01,1", 1, "line 2: last name: not UTF-8"},
		{"quote in the last line, without an end", plain + "Ana,P\"az,1,1999-01-01,1", 1, "line 2: a quote"},
		{"semicolons", good + "\nAna;Paz;1;1999-01-01;1\n", 1, "line 2: the fields are separated by semicolons, expected commas"},
		{"UTF-16", "\xff\xfea\x00,\x00", 0, "line 1"},
		{"too long", good + "\n" + strings.Repeat("x", readSize), 1, "line 2: longer than 16384 bytes"},
		{"too long and quoted", good + "\n\"" + strings.Repeat("x", 3*readSize) + "\"", 1, "line 2: longer than"},
		{"as long as can be", good + "\n" + strings.Repeat("x", readSize-1) + "\n", 1, "line 2: 1 fields"},
	} {
		bets, err := readAll(strings.NewReader(tt.content))
		if err == nil || !strings.Contains(err.Error(), tt.want) || len(bets) != tt.good {
			t.Errorf("%s: %d bets, error %v, want %d and %q", tt.name, len(bets), err, tt.good, tt.want)
		}
	}
}

func TestReaderReportsReadFailure(t *testing.T) {
	broken := errors.New("the disk is gone")
	content := io.MultiReader(strings.NewReader(betcsvtest.DataFile(betcsvtest.Numbered(3), "\n")), iotest.ErrReader(broken))
	bets, err := readAll(content)
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "agency-1.csv") || len(bets) != 3 {
		t.Errorf("%d bets, %v", len(bets), err)
	}
}

// plain makes n different bets whose rows need no quotes.
func plain(n int) []lottery.Bet {
	bets := betcsvtest.Numbered(n)
	for i := range bets {
		bets[i].FirstName, bets[i].LastName = fmt.Sprint("Ana ", i), "Paz"
	}
	return bets
}

// The border between two chunks falls on every byte of a row, and of its line
// end, once.
func TestReaderRowsStraddleChunks(t *testing.T) {
	for name, make := range map[string]func(int) []lottery.Bet{"quoted": betcsvtest.Numbered, "plain": plain} {
		for _, end := range []string{"\n", "\r\n"} {
			row := betcsvtest.DataFile(make(1), end)
			want := make(readSize/len(row) + 40)
			last, rest := want[0].LastName, betcsvtest.DataFile(want[1:], end)
			for shift := range len(row) + 3 {
				// The first row is longer, and moves all that follow.
				want[0].LastName = last + strings.Repeat("x", shift)
				got, err := readAll(strings.NewReader(betcsvtest.DataFile(want[:1], end) + rest))
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
		lines := strings.SplitAfter(betcsvtest.DataFile(want, "\r\n"), "\r\n")
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

// Offset tells where a bet's row ends, whatever the lines before it were.
func TestReaderOffset(t *testing.T) {
	lines := []string{byteOrderMark + betcsvtest.DataFile(betcsvtest.Numbered(1), "\r\n"), "\n" + betcsvtest.DataFile(plain(1), "\n"), "\n", betcsvtest.DataFile(betcsvtest.Numbered(1), "")}
	content := strings.Join(lines, "")
	r := NewDataReader(iotest.OneByteReader(strings.NewReader(content)), "agency-1.csv", 1)
	want := []int{len(lines[0]), len(lines[0]) + len(lines[1]), len(content) + 1} // a line without an end counts as if it had one
	for i := range want {
		if _, err := r.Next(); err != nil || r.BytesRead() != int64(want[i]) {
			t.Errorf("after bet %d: %d, %v, want %d", i+1, r.BytesRead(), err, want[i])
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Error(err)
	}
}
