package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
)

const (
	betsPath    = "/data/bets.csv"
	journalPath = betsPath + ".journal"
)

// twoAgencies are three bets of agency 1 and four of agency 2, of which the second
// of each has won.
func twoAgencies() []lottery.Bet {
	bets := append(sampleBets(1, 0, 3), sampleBets(2, 0, 4)...)
	bets[1].Number, bets[4].Number = lottery.WinningNumber, lottery.WinningNumber
	return bets
}

// finishedLine is the line of the journal that says that an agency has finished
// with those of the bets that are its own.
func finishedLine(id lottery.AgencyID, bets []lottery.Bet) string {
	var its []lottery.Bet
	for _, b := range bets {
		if b.Agency == id {
			its = append(its, b)
		}
	}
	return journalLine(finishedEntry{agency: id, State: stateOf(its)})
}

// drawLine is the line that says that the draw was held over these bets.
func drawLine(agencies int, bets []lottery.Bet) string {
	var winners []draw.Winner
	for i := range bets {
		winners = appendWinner(winners, &bets[i])
	}
	return journalLine(drawEntry{agencies: agencies, bets: uint64(len(bets)), winners: len(winners), sum: sumOfWinners(winners)})
}

// withFiles is a file system that holds these files.
func withFiles(bets []lottery.Bet, journal string) *memFS {
	fs := newMemFS()
	fs.write(betsPath, appendRows(nil, bets))
	fs.write(journalPath, []byte(journal))
	return fs
}

// The bytes of the journal are a contract with files that were written before.
func TestJournalLines(t *testing.T) {
	winners := []draw.Winner{{Agency: 1, Document: "a b"}, {Agency: 2}}
	for want, entry := range map[string]fmt.Stringer{
		"finished 1 26936 a1b2c3d4 9ad9df40\n": finishedEntry{agency: 1, State: State{Bets: 26936, Sum: 0xa1b2c3d4}},
		"finished 5 0 00000000 83d7187d\n":     finishedEntry{agency: 5},
		"draw 5 78697 10 00000001 ebf57c41\n":  drawEntry{agencies: 5, bets: 78697, winners: 10, sum: 1},
		"draw 2 0 2 5421a10d ea322a79\n":       drawEntry{agencies: 2, winners: 2, sum: sumOfWinners(winners)},
	} {
		if got := journalLine(entry); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got, err := parseJournalLine(strings.TrimSuffix(journalLine(entry), "\n")); err != nil || got != entry {
			t.Errorf("%q: %v, %v", journalLine(entry), got, err)
		}
	}
}

func TestJournal(t *testing.T) {
	bets := twoAgencies()
	fs := withFiles(bets, "")
	opts := Options{Sync: true, Agencies: 2, FS: fs}
	s := mustOpen(t, betsPath, opts)
	if err := errors.Join(
		s.RecordFinished(1, 3), s.RecordFinished(2, 4), s.RecordFinished(1, 3), s.RecordDraw(2), s.RecordDraw(2),
	); err != nil {
		t.Fatal(err)
	}
	if s.RecordFinished(1, 4) == nil || s.RecordFinished(0, 0) == nil || s.RecordDraw(3) == nil {
		t.Error("a contradiction was recorded")
	}
	want := finishedLine(1, bets) + finishedLine(2, bets) + drawLine(2, bets)
	if got := string(fs.read(journalPath)); got != want {
		t.Errorf("file holds %q, want %q", got, want)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := s.RecordFinished(2, 4); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: error %v", err)
	}
	s = mustOpen(t, betsPath, opts)
	if got := s.Finished(); !s.Drawn() || !maps.Equal(got, map[lottery.AgencyID]lottery.Offset{1: 3, 2: 4}) {
		t.Errorf("reopened: drawn %t, finished %v", s.Drawn(), got)
	}
}

// A last line that is cut, or has NULs after it, is kept aside and forgotten. One
// of which nothing but the end is missing counts.
func TestJournalTornLine(t *testing.T) {
	bets := twoAgencies()
	whole, last := finishedLine(1, bets), finishedLine(2, bets)
	for cut := range len(last) {
		for _, nuls := range []string{"", "\x00", strings.Repeat("\x00", 5000)} {
			fs := withFiles(bets, whole+last[:cut]+nuls)
			s := mustOpen(t, betsPath, Options{Agencies: 2, FS: fs})
			finished, torn := map[lottery.AgencyID]lottery.Offset{1: 3}, last[:cut]+nuls
			if cut == len(last)-1 {
				finished[2] = 4
				torn = nuls
			}
			if got := s.Finished(); !maps.Equal(got, finished) {
				t.Fatalf("cut at %d: finished %v", cut, got)
			}
			if kept := string(fs.read(journalPath + ".torn")); kept != torn {
				t.Fatalf("cut at %d: kept %q, want %q", cut, kept, torn)
			}
			if told := s.TornEnds(); (torn != "") != (len(told) == 1 && told[0] == TornEnd{int64(len(torn)), journalPath + ".torn"}) {
				t.Fatalf("cut at %d: told of %v", cut, told)
			}
			if err := errors.Join(s.RecordFinished(2, 4), s.Close()); err != nil {
				t.Fatal(err)
			}
			if got := string(fs.read(journalPath)); got != whole+last {
				t.Fatalf("cut at %d: file holds %q", cut, got)
			}
		}
	}
}

// No byte of the journal can change unnoticed, wherever it is.
func TestJournalDamage(t *testing.T) {
	bets := twoAgencies()
	journal := finishedLine(1, bets) + finishedLine(2, bets) + drawLine(2, bets)
	for i := range len(journal) {
		for _, change := range []byte{1, 2, 0x80} {
			damaged := []byte(journal)
			damaged[i] ^= change
			fs := withFiles(bets, string(damaged))
			_, err := Open(t.Context(), betsPath, Options{Agencies: 2, FS: fs})
			if err == nil || !strings.Contains(err.Error(), journalPath+": line ") {
				t.Fatalf("byte %d: %q: error %v", i, damaged, err)
			}
			if got := fs.read(journalPath); !bytes.Equal(got, damaged) {
				t.Fatalf("byte %d: was changed", i)
			}
		}
	}
}

func TestJournalRefusesLines(t *testing.T) {
	bets := twoAgencies()
	text := func(line string) string { return strings.TrimSuffix(line, "\n") }
	good := finishedLine(1, bets)
	for line, want := range map[string]string{
		"":                   "is no entry",
		"finished":           "is no entry",
		"finished 1 3":       "an earlier version wrote it",
		"draw 2 7":           "an earlier version wrote it",
		text(good) + " ":     "is no entry",
		" " + text(good):     "is no entry",
		"F" + text(good)[1:]: "is no entry",
		"\x00":               "is no entry",
		text(journalLine(finishedEntry{agency: 1, State: State{Bets: 4}})): "contradicts",
		text(journalLine(finishedEntry{agency: 0})):                        "is no entry",
		text(journalLine(drawEntry{agencies: -1})):                         "is no entry",
	} {
		file := good + line + "\n" + finishedLine(2, bets)
		fs := withFiles(bets, file)
		_, err := Open(t.Context(), betsPath, Options{Agencies: 2, FS: fs})
		if err == nil || !strings.Contains(err.Error(), journalPath+": line 2: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", line, err, want)
		}
		if string(fs.read(journalPath)) != file {
			t.Errorf("%q: was changed", line)
		}
	}
}

// failing makes every call of a kind fail, a write after five bytes.
func failing(bad string) func(op, name string) error {
	return func(op, _ string) error {
		if op == bad {
			return shortWrite{func(int) int { return 5 }, errors.New("disk full")}
		}
		return nil
	}
}

func TestJournalFailures(t *testing.T) {
	fs := withFiles(twoAgencies(), "")
	s := mustOpen(t, betsPath, Options{Sync: true, Agencies: 2, FS: fs})
	fs.before = failing("write")
	if err := s.RecordFinished(1, 3); !errors.Is(err, ErrNotStored) || len(s.Finished()) != 0 || len(fs.read(journalPath)) != 0 {
		t.Errorf("failed write: error %v, finished %v, file %q", err, s.Finished(), fs.read(journalPath))
	}
	fs.before = nil
	if err := s.RecordFinished(1, 3); err != nil || s.Err() != nil {
		t.Errorf("afterwards: %v, %v", err, s.Err())
	}
	fs.before = failing("sync")
	if err := s.RecordFinished(2, 4); !errors.Is(err, ErrBroken) {
		t.Errorf("failed sync: error %v", err)
	}
	fs.before = nil
	if err := s.RecordFinished(2, 4); !errors.Is(err, ErrBroken) || len(s.Finished()) != 1 {
		t.Errorf("broken: error %v, finished %v", err, s.Finished())
	}
}

func TestVerify(t *testing.T) {
	bets := twoAgencies()
	changed := twoAgencies()
	changed[1].Document += "1" // of a winner
	one, two, drawn := finishedLine(1, bets), finishedLine(2, bets), drawLine(2, bets)
	for _, tt := range []struct {
		name     string
		journal  string
		agencies int
		misfit   string // empty: it fits
	}{
		{"nothing noted", "", 5, ""},
		{"no draw, and no agencies", "", 0, ""},
		{"one has finished", one, 2, ""},
		{"all have finished, and were drawn", one + two + drawn, 2, ""},
		{"fewer bets", journalLine(finishedEntry{agency: 1, State: State{Bets: 2}}), 2, "agency 1 has finished with 2 bets, 3 are stored"},
		{"more bets", journalLine(finishedEntry{agency: 1, State: State{Bets: 4}}), 2, "agency 1 has finished with 4 bets"},
		{"other bets", finishedLine(1, changed), 2, "agency 1 has finished with bets of checksum"},
		{"an agency too many", journalLine(finishedEntry{agency: 3}), 2, "agency 3 has finished, and only 2 are expected"},
		{"an agency without bets", journalLine(finishedEntry{agency: 3}), 3, ""},
		{"drawn among others", one + two + drawn, 3, "2 agencies"},
		{"one has finished, and no agencies", one, 0, ""},
		{"drawn, and no agencies", one + two + drawn, 0, ""},
		{"other bets, and no agencies", finishedLine(1, changed), 0, "agency 1 has finished with bets of checksum"},
		{"drawn too early, and no agencies", one + drawn, 0, "only 1 of 2"},
		{"drawn over more", one + two + journalLine(drawEntry{agencies: 2, bets: 8, winners: 2}), 2, "8 bets"},
		{"other winners", one + two + drawLine(2, changed), 2, "the draw had 2 winners of checksum"},
		{"drawn too early", one + drawn, 2, "only 1 of 2"},
		{"bets of an agency that is not expected", "", 1, "holds bets of agency 2, and only 1 agencies are expected"},
	} {
		fs := withFiles(bets, tt.journal)
		_, err := Open(t.Context(), betsPath, Options{Agencies: tt.agencies, FS: fs})
		if (err == nil) != (tt.misfit == "") || err != nil && (!strings.Contains(err.Error(), tt.misfit) || !strings.Contains(err.Error(), betsPath)) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.misfit)
		}
	}
}

// A start that is refused for the agencies in bets.csv makes no journal beside it.
func TestRefusedStartMakesNoJournal(t *testing.T) {
	fs := newMemFS()
	fs.write(betsPath, appendRows(nil, twoAgencies()))
	if _, err := Open(t.Context(), betsPath, Options{Agencies: 1, FS: fs}); err == nil {
		t.Fatal("bets of agency 2 are accepted, and one agency is expected")
	}
	if len(fs.files) > 1 {
		t.Errorf("there are %d files, want bets.csv alone", len(fs.files))
	}
}

// After the agencies have finished, no byte of bets.csv can change what it stands
// for unnoticed.
func TestChangedBetsAreNoticed(t *testing.T) {
	bets := twoAgencies()
	journal := finishedLine(1, bets) + finishedLine(2, bets) + drawLine(2, bets)
	file := appendRows(nil, bets)
	for i := range file {
		for _, change := range []byte{1, 2, 4, 0x80} {
			damaged := bytes.Clone(file)
			damaged[i] ^= change
			fs := withFiles(bets, journal)
			fs.write(betsPath, damaged)
			s, err := Open(t.Context(), betsPath, Options{Agencies: 2, FS: fs})
			if err == nil { // then the bets are what they were: a row may end in another way
				equalBets(t, collect(t, loadBets(s)), bets)
			}
		}
	}
}
