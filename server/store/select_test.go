package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
)

// fillStore stores bets in batches of 500.
func fillStore(t *testing.T, s *Store, bets []lottery.Bet) {
	t.Helper()
	for at := 0; at < len(bets); at += 500 {
		if err := queue(t, s, lottery.Offset(at), bets[at:min(at+500, len(bets))]).Wait(); err != nil {
			t.Fatal(err)
		}
	}
}

// withNumber is what Select should find.
func withNumber(bets []lottery.Bet, number int64) []lottery.Bet {
	var found []lottery.Bet
	for _, b := range bets {
		if b.Number == number {
			found = append(found, b)
		}
	}
	return found
}

// manyBets are bets of which some have awkward texts, and some numbers that end
// like others.
func manyBets() []lottery.Bet {
	bets := sampleBets(1, 0, 100_000)
	for i := range bets {
		switch i % 1000 {
		case 1:
			bets[i].Number = 7574
		case 2:
			bets[i].Number = 17574
		case 3:
			bets[i].Number = -7574
		case 4:
			bets[i].Document = "7574"
		}
		if i%20_000 < 100 { // whole chunks between those hold no quote
			bets[i].LastName = fmt.Sprintf(`d"%d,"`, i)
		}
	}
	return bets
}

// Select finds what a look at every bet would, also in a store opened anew.
func TestSelect(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	s := mustOpen(t, path, Options{})
	bets := manyBets()
	fillStore(t, s, bets)
	check := func(s *Store) {
		t.Helper()
		for _, number := range []int64{7574, -7574, 4, 0, 1 << 62} {
			found, stored, err := s.Select(t.Context(), number)
			if err != nil || stored != uint64(len(bets)) {
				t.Errorf("%d: %d bets, %v", number, stored, err)
			}
			equalBets(t, found, withNumber(bets, number))
		}
	}
	check(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, path, Options{})
	defer s.Close()
	check(s)
}

// A number may be written in other ways than ours, and a field may hold a line
// break, in a file that others wrote.
func TestSelectFromForeignFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	rows := "1,a,b,1,2000-01-01,7574\n" +
		"1,a,b,2,2000-01-01,+7574\r\n" +
		"1,a,b,3,2000-01-01,\"7574\"\n" +
		"1,a,\"7574\nb\",4,2000-01-01,1\r\n" +
		"2,a,b,5,2000-01-01,07574\r\n"
	if err := os.WriteFile(path, []byte(rows), 0o644); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, path, Options{})
	defer s.Close()
	found, stored, err := s.Select(t.Context(), 7574)
	if err != nil || stored != 5 {
		t.Errorf("%d bets, %v", stored, err)
	}
	documents := ""
	for _, b := range found {
		documents += b.Document
	}
	if documents != "1235" {
		t.Errorf("found the documents %s", documents)
	}
}

func TestSelectFromNothing(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "bets.csv"), Options{})
	defer s.Close()
	if found, stored, err := s.Select(t.Context(), 7574); len(found) > 0 || stored > 0 || err != nil {
		t.Errorf("%v, %d, %v", found, stored, err)
	}
}

func TestSelectIsStopped(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "bets.csv"), Options{})
	defer s.Close()
	fillStore(t, s, sampleBets(1, 0, 5000))
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(io.ErrClosedPipe)
	if _, _, err := s.Select(ctx, 7574); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}

// What was changed behind the server's back is an error, if it concerns a row
// that is looked at or their number.
func TestSelectFromChangedFile(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*os.File, int64) error
		want   string
	}{
		"a row that is found": {func(f *os.File, size int64) error {
			_, err := f.WriteAt([]byte("x7574\r\n"), size-7)
			return err
		}, "row 100000: "},
		"a row less": {func(f *os.File, size int64) error {
			_, err := f.WriteAt([]byte("       "), size-7)
			return err
		}, "row 100000: unfinished row"},
		"two rows made one": {func(f *os.File, size int64) error {
			return replaceFirst(f, "\r\n", "  ")
		}, "rows where"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bets.csv")
			s := mustOpen(t, path, Options{})
			defer s.Close()
			fillStore(t, s, sampleBets(1, 0, 100_000))
			file, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			info, err := file.Stat()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.change(file, info.Size()); err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.Select(t.Context(), 7574); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// replaceFirst overwrites the first occurrence of a text with another of the
// same length.
func replaceFirst(f *os.File, old, with string) error {
	start := make([]byte, 4096)
	n, err := f.ReadAt(start, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte(with), int64(strings.Index(string(start[:n]), old)))
	return err
}

// Parts follow one another, begin where rows do and are of about the same size.
func TestParts(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "bets.csv"), Options{})
	defer s.Close()
	bets := manyBets()
	fillStore(t, s, bets)
	for _, n := range []int{1, 2, 3, 7, 64} {
		var got []lottery.Bet
		last := mark{}
		for i, p := range s.parts(n) {
			if p.begin != last {
				t.Errorf("part %d of %d begins at %v, the one before ends at %v", i, n, p.begin, last)
			}
			last = p.end
			of := collect(t, loadBets("", func() io.Reader { return p.open(s.file.file) }))
			if uint64(len(of)) != p.end.rows-p.begin.rows {
				t.Errorf("part %d of %d holds %d rows: %v", i, n, len(of), p)
			}
			if fair := len(bets) / n; n <= 3 && (len(of) < fair/2 || len(of) > 2*fair) {
				t.Errorf("part %d of %d has %d bets", i, n, len(of))
			}
			got = append(got, of...)
		}
		equalBets(t, got, bets)
	}
}
