package dataset

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func synthetic(t *testing.T, agency int, seed uint64) (string, Size) {
	t.Helper()
	var out strings.Builder
	size, err := WriteSynthetic(&out, agency, seed)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), size
}

func TestSyntheticSizes(t *testing.T) {
	want := []Size{{26936, 2}, {25518, 3}, {16014, 3}, {9238, 2}, {991, 0}}
	for i, size := range want {
		text, got := synthetic(t, i+1, 1)
		counted, err := count(strings.NewReader(text))
		if err != nil || got != size || counted != size {
			t.Errorf("agency %d: says %v, holds %v, want %v (%v)", i+1, got, counted, size, err)
		}
	}
	text, size := synthetic(t, 42, 1)
	counted, err := count(strings.NewReader(text))
	if err != nil || counted != size || size.Bets < 500 || size.Bets > 3000 {
		t.Errorf("agency 42: says %v, holds %v (%v)", size, counted, err)
	}
}

func TestSyntheticIsReproducible(t *testing.T) {
	one, _ := synthetic(t, 5, 1)
	again, _ := synthetic(t, 5, 1)
	seed, _ := synthetic(t, 5, 2)
	agency, _ := synthetic(t, 6, 1)
	if one != again {
		t.Error("the same seed gave other bets")
	}
	if one == seed || strings.HasPrefix(agency, one[:200]) {
		t.Error("another seed, or another agency, gave the same bets")
	}
}

func TestSyntheticRows(t *testing.T) {
	documents := map[string]bool{}
	accents, composed := 0, 0
	for agency := 1; agency <= 7; agency++ {
		text, size := synthetic(t, agency, 7574)
		if !utf8.ValidString(text) || strings.Count(text, "\r\n") != size.Bets || strings.Count(text, "\n") != size.Bets {
			t.Fatalf("agency %d: not UTF-8 with %d rows ending in CRLF", agency, size.Bets)
		}
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			checkRow(t, row)
			if documents[row[2]] {
				t.Fatalf("document %s twice", row[2])
			}
			documents[row[2]] = true
			if len(row[0]) != utf8.RuneCountInString(row[0]) {
				accents++
			}
			if strings.Contains(row[0], " ") {
				composed++
			}
		}
	}
	if accents < len(documents)/10 || composed < len(documents)/10 {
		t.Errorf("%d rows: %d with an accent, %d with two first names", len(documents), accents, composed)
	}
}

func checkRow(t *testing.T, row []string) {
	t.Helper()
	born, err := time.Parse(time.DateOnly, row[3])
	number, numberErr := strconv.Atoi(row[4])
	switch {
	case len(row) != 5:
	case row[0] == "" || row[1] == "" || len(row[2]) != 8:
	case err != nil || born.Year() < 1945 || born.Year() > 2005:
	case numberErr != nil || number < 0 || number > 9999:
	case len(strings.Join(row, ",")) > 70:
	default:
		return
	}
	t.Fatalf("implausible row %q", row)
}

// TestNames guards the lists: no doubles, nothing that CSV would quote.
func TestNames(t *testing.T) {
	for _, list := range [][]string{women, men, surnames} {
		seen := map[string]bool{}
		for _, name := range list {
			if seen[name] || strings.ContainsAny(name, ",\"\r\n|") || !utf8.ValidString(name) || strings.TrimSpace(name) != name {
				t.Errorf("bad or repeated name %q", name)
			}
			seen[name] = true
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, bytes.ErrTooLarge }

func TestSyntheticWriteError(t *testing.T) {
	if _, err := WriteSynthetic(fullDisk{}, 5, 1); err == nil {
		t.Error("a failed write went unnoticed")
	}
}
