package store

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv/betcsvtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// TestTornTail opens a file whose last row is cut at every length, with and
// without NULs after it.
func TestTornTail(t *testing.T) {
	whole := sampleBets(1, 0, 3)
	last := betcsvtest.Bet(1, "Juan \"El, Loco\"", "de\r\nlos\nPalotes, Ñ", "1,\n2", 7574)
	row := betcsv.AppendRow(nil, &last)
	for cut := range len(row) {
		for _, nuls := range []int{0, 1, 200_000} {
			tail := append(bytes.Clone(row[:cut]), make([]byte, nuls)...)
			fs := newMemFS()
			fs.write("/bets.csv", append(appendRows(nil, whole), tail...))
			for range 2 { // the second finds it mended
				s := mustOpen(t, "/bets.csv", Options{FS: fs})
				if tornBytes(s) != int64(len(tail)) || s.State(1) != stateOf(whole) {
					t.Fatalf("cut at %d, %d NULs: torn %d, state %v", cut, nuls, tornBytes(s), s.State(1))
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				if got := fs.read("/bets.csv.torn"); !bytes.Equal(got, append(bytes.Clone(row[:cut]), make([]byte, nuls)...)) {
					t.Fatalf("cut at %d, %d NULs: %d bytes kept", cut, nuls, len(got))
				}
				tail = nil
			}
			if got := fs.read("/bets.csv"); !bytes.Equal(got, appendRows(nil, whole)) {
				t.Fatalf("cut at %d, %d NULs: file holds %q", cut, nuls, got)
			}
		}
	}
}

// TestOpenMakesDurableWhatItCounts: a server was killed, another one counts its
// rows, and the machine loses power.
func TestOpenMakesDurableWhatItCounts(t *testing.T) {
	fs := newMemFS()
	bets := sampleBets(1, 0, 3)
	fs.write("/bets.csv", append(appendRows(nil, bets), "1,Ana"...))
	file := fs.files["/bets.csv"]
	file.disk, file.dirty, file.named = nil, 0, false
	s := mustOpen(t, "/bets.csv", Options{FS: fs})
	if s.State(1) != stateOf(bets) {
		t.Fatalf("state %v", s.State(1))
	}
	fs.powerCut(func(int) int { return 0 }, false)
	if got := fs.read("/bets.csv"); !bytes.Equal(got, appendRows(nil, bets)) {
		t.Errorf("file holds %q", got)
	}
	if got := string(fs.read("/bets.csv.torn")); got != "1,Ana" {
		t.Errorf("torn file holds %q", got)
	}
}

func TestOpenRefusesDamage(t *testing.T) {
	files := map[string]string{
		betcsvtest.GoodRow + "1,\"Ana,Paz,12,1999-03-17,7\r\n" + strings.Repeat(betcsvtest.GoodRow, 9):       "row 2: ",
		betcsvtest.GoodRow + "1,\"Ana,Paz,12,1999-03-17,7\r\n" + strings.Repeat(betcsvtest.GoodRow, 200_000): "row 2: ",
		betcsvtest.GoodRow + "\x00\x00\x00\x00\x00\x00\x00" + betcsvtest.GoodRow:                             "row 2: ",
	}
	for row := range betcsvtest.Damaged {
		files[betcsvtest.GoodRow+row] = "row 2: "
	}
	for file, where := range files {
		fs := newMemFS()
		fs.write("/data/bets.csv", []byte(file))
		_, err := Open(t.Context(), "/data/bets.csv", Options{FS: fs})
		if err == nil || !strings.Contains(err.Error(), where) || !strings.Contains(err.Error(), "/data/bets.csv") {
			t.Errorf("%.80q: error %v", file, err)
		}
		if got := fs.read("/data/bets.csv"); string(got) != file || fs.read("/data/bets.csv.torn") != nil {
			t.Errorf("%.80q: was changed", file)
		}
		if fs.files["/data/bets.csv"].open {
			t.Errorf("%.80q: left open", file)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(betcsvtest.GoodRow + "1,\"A"))
	f.Add([]byte(betcsvtest.GoodRow + betcsvtest.GoodRow + "\x00\x00"))
	for row := range betcsvtest.Damaged {
		f.Add([]byte(betcsvtest.GoodRow + row))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		fs := newMemFS()
		fs.write("/bets.csv", file)
		opts := Options{FS: fs}
		s, err := Open(t.Context(), "/bets.csv", opts)
		left, torn := fs.read("/bets.csv"), fs.read("/bets.csv.torn")
		if err != nil {
			if !bytes.Equal(left, file) || torn != nil {
				t.Fatal("failed, and changed the files")
			}
			return
		}
		if !bytes.Equal(append(left, torn...), file) || tornBytes(s) != int64(len(torn)) {
			t.Fatalf("%q was made %q and %q", file, left, torn)
		}
		bets := collect(t, loadBets(s))
		more := betcsvtest.Bet(1, "a", "b", "c", 1)
		if err := queue(t, s, s.State(1).Bets, []lottery.Bet{more}).Wait(); err != nil {
			t.Fatal(err)
		}
		state := s.State(1)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = mustOpen(t, "/bets.csv", opts)
		if tornBytes(s) != 0 || s.State(1) != state {
			t.Fatalf("reopened: torn %d, state %v, want %v", tornBytes(s), s.State(1), state)
		}
		equalBets(t, collect(t, loadBets(s)), append(bets, more))
	})
}

func TestOneServerPerFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	s := mustOpen(t, path, Options{})
	if _, err := Open(t.Context(), path, Options{}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("second Open: error %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(t.Context(), path, Options{}); err != nil {
		t.Errorf("after Close: %v", err)
	} else {
		s.Close()
	}
}
