package store

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
)

const journalPath = "/data/bets.csv.journal"

func mustOpenJournal(t *testing.T, fs FS) *Journal {
	t.Helper()
	j, err := OpenJournal(journalPath, Options{Sync: true, FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestJournal(t *testing.T) {
	fs := newMemFS()
	j := mustOpenJournal(t, fs)
	held := draw.Record{Agencies: 5, Bets: 78697}
	if err := errors.Join(
		j.RecordFinished(1, 26936), j.RecordFinished(5, 0), j.RecordFinished(1, 26936),
		j.RecordDraw(held), j.RecordDraw(held),
	); err != nil {
		t.Fatal(err)
	}
	if j.RecordFinished(1, 26937) == nil || j.RecordFinished(0, 1) == nil ||
		j.RecordDraw(draw.Record{Agencies: 5, Bets: 1}) == nil {
		t.Error("a contradiction was recorded")
	}
	const want = "finished 1 26936\nfinished 5 0\ndraw 5 78697\n"
	if got := string(fs.read(journalPath)); got != want {
		t.Errorf("file holds %q, want %q", got, want)
	}
	if err := errors.Join(j.Close(), j.Close()); err != nil {
		t.Fatal(err)
	}
	if err := j.RecordFinished(2, 1); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: error %v", err)
	}
	j = mustOpenJournal(t, fs)
	if got, ok := j.Drawn(); !ok || got != held {
		t.Errorf("reopened: draw %v, %v", got, ok)
	}
	if got := j.Finished(); !maps.Equal(got, map[lottery.AgencyID]lottery.Offset{1: 26936, 5: 0}) {
		t.Errorf("reopened: finished %v", got)
	}
}

func TestJournalDropsTornLine(t *testing.T) {
	const whole, last = "finished 1 10\n", "finished 2 20\n"
	for cut := range len(last) {
		for _, nuls := range []string{"", "\x00", strings.Repeat("\x00", 5000)} {
			fs := newMemFS()
			fs.write(journalPath, []byte(whole+last[:cut]+nuls))
			j := mustOpenJournal(t, fs)
			if got := j.Finished(); len(got) != 1 || got[1] != 10 {
				t.Fatalf("cut at %d: finished %v", cut, got)
			}
			if err := j.RecordFinished(3, 30); err != nil {
				t.Fatal(err)
			}
			if got := string(fs.read(journalPath)); got != whole+"finished 3 30\n" {
				t.Fatalf("cut at %d: file holds %q", cut, got)
			}
		}
	}
}

func TestJournalRefusesDamage(t *testing.T) {
	for _, line := range []string{
		"", "finished", "finished 1", "finished 1 2 3", "finished  1 2", "finished 1 2 ", " finished 1 2", "finished 1 2\r",
		"finished 0 1", "finished -1 1", "finished +1 1", "finished 01 1", "finished 4294967296 1", "finished 1 x",
		"draw 0 5", "draw 5 -1", "Draw 5 1", "drawn 5 1", "finished 2\x00 5", "finished 1 11", "\x00",
	} {
		file := "finished 1 10\n" + line + "\nfinished 3 30\n"
		fs := newMemFS()
		fs.write(journalPath, []byte(file))
		_, err := OpenJournal(journalPath, Options{FS: fs})
		if err == nil || !strings.Contains(err.Error(), journalPath+": line 2: ") {
			t.Errorf("%q: error %v", line, err)
		}
		if string(fs.read(journalPath)) != file {
			t.Errorf("%q: was changed", line)
		}
	}
}

func TestJournalFailures(t *testing.T) {
	fs := newMemFS()
	j := mustOpenJournal(t, fs)
	failing := func(bad string) func(op, _ string) error {
		return func(op, _ string) error {
			if op == bad {
				return shortWrite{func(int) int { return 5 }, errors.New("disk full")}
			}
			return nil
		}
	}
	fs.before = failing("write")
	if err := j.RecordFinished(1, 10); !errors.Is(err, ErrRefused) || len(j.Finished()) != 0 || len(fs.read(journalPath)) != 0 {
		t.Errorf("failed write: error %v, finished %v, file %q", err, j.Finished(), fs.read(journalPath))
	}
	fs.before = nil
	if err := j.RecordFinished(1, 11); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	fs.before = failing("sync")
	if err := j.RecordFinished(2, 20); !errors.Is(err, ErrBroken) {
		t.Errorf("failed sync: error %v", err)
	}
	fs.before = nil
	if err := j.RecordFinished(2, 20); !errors.Is(err, ErrBroken) || len(j.Finished()) != 1 {
		t.Errorf("broken: error %v, finished %v", err, j.Finished())
	}
}

func TestJournalFits(t *testing.T) {
	tests := []struct {
		journal  string
		agencies int
		misfit   string // empty: it fits
	}{
		{"", 5, ""},
		{"", 0, ""},
		{"finished 1 3\n", 2, ""},
		{"finished 1 3\nfinished 2 4\ndraw 2 7\n", 2, ""},
		{"finished 1 2\n", 2, "agency 1"},
		{"finished 1 4\n", 2, "agency 1"},
		{"finished 3 0\n", 2, "agency 3"},
		{"finished 3 0\n", 3, ""},
		{"finished 1 3\nfinished 2 4\ndraw 2 7\n", 3, "2 agencies"},
		{"finished 1 3\nfinished 2 4\ndraw 2 7\n", 0, "0 are expected"},
		{"finished 1 3\nfinished 2 4\ndraw 2 8\n", 2, "8 bets"},
		{"finished 1 3\ndraw 2 7\n", 2, "only 1 of 2"},
	}
	for _, test := range tests {
		fs := newMemFS()
		fs.write("/data/bets.csv", appendRows(appendRows(nil, sampleBets(1, 0, 3)), sampleBets(2, 0, 4)))
		fs.write(journalPath, []byte(test.journal))
		s, j := mustOpen(t, "/data/bets.csv", Options{FS: fs}), mustOpenJournal(t, fs)
		err := j.Fits(s, test.agencies)
		if (err == nil) != (test.misfit == "") {
			t.Errorf("%q for %d agencies: error %v", test.journal, test.agencies, err)
			continue
		}
		if err != nil && (!strings.Contains(err.Error(), test.misfit) ||
			!strings.Contains(err.Error(), journalPath+" does not fit /data/bets.csv: ")) {
			t.Errorf("%q for %d agencies: error %v, want %q", test.journal, test.agencies, err, test.misfit)
		}
	}
}
