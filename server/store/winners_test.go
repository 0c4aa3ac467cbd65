package store

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
)

// someWinners are bets of which every third has won, and others nearly.
func someWinners(id lottery.AgencyID, count int) (bets []lottery.Bet, winners []draw.Winner) {
	bets = sampleBets(id, 0, count)
	for i := range bets {
		switch i % 3 {
		case 0:
			bets[i].Number = lottery.WinningNumber
			winners = append(winners, draw.Winner{Agency: id, Document: bets[i].Document})
		case 1:
			bets[i].Number, bets[i].Document = -lottery.WinningNumber, "7574"
		}
	}
	return bets, winners
}

func wantWinners(t *testing.T, s *Store, winners []draw.Winner, stored int) {
	t.Helper()
	if got, n := s.Winners(); n != uint64(stored) || !slices.Equal(got, winners) {
		t.Errorf("%v among %d bets, want %v among %d", got, n, winners, stored)
	}
}

// The winners are those of the durable bets. A batch that waits has none, a batch that
// came twice counts once, and a restart changes nothing.
func TestWinners(t *testing.T) {
	opts := Options{Sync: true, FS: newMemFS()}
	s := mustOpen(t, "/data/bets.csv", opts)
	wantWinners(t, s, nil, 0)
	bets, winners := someWinners(1, 12)
	if err := queue(t, s, 0, bets[:6]).Wait(); err != nil {
		t.Fatal(err)
	}
	waiting := queue(t, s, 3, bets[3:])
	wantWinners(t, s, winners[:2], 6)
	if err := waiting.Wait(); err != nil {
		t.Fatal(err)
	}
	wantWinners(t, s, winners, 12)
	others, more := someWinners(2, 4)
	if err := queue(t, s, 0, others).Wait(); err != nil {
		t.Fatal(err)
	}
	winners = append(winners, more...)
	wantWinners(t, s, winners, 16)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantWinners(t, mustOpen(t, "/data/bets.csv", opts), winners, 16)
}

// A batch that was not written has no winners until it is stored.
func TestRefusedBetsDoNotWin(t *testing.T) {
	fs := newMemFS()
	s := mustOpen(t, "/data/bets.csv", Options{Sync: true, FS: fs})
	bets, winners := someWinners(1, 9)
	first, second := queue(t, s, 0, bets[:3]), queue(t, s, 3, bets[3:6])
	fs.before = func(op, _ string) error {
		if op == "write" {
			return errors.New("disk full")
		}
		return nil
	}
	for _, c := range []*Commit{first, second} {
		if err := c.Wait(); !errors.Is(err, ErrNotStored) {
			t.Fatalf("error %v", err)
		}
	}
	fs.before = nil
	wantWinners(t, s, nil, 0)
	if err := queue(t, s, 0, bets).Wait(); err != nil {
		t.Fatal(err)
	}
	wantWinners(t, s, winners, 9)
}

// A number may be written in other ways than ours, and a field may hold a line
// break, in a file that others wrote.
func TestWinnersOfForeignFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	rows := "1,a,b,1,2000-01-01,7574\n" +
		"1,a,b,2,2000-01-01,+7574\r\n" +
		"1,a,b,3,2000-01-01,\"7574\"\n" +
		"1,a,\"7574\nb\",4,2000-01-01,1\r\n" +
		"2,a,b,5,2000-01-01,07574\r\n" +
		"1,a,b,6,2000-01-01,17574\r\n"
	if err := os.WriteFile(path, []byte(rows), 0o644); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, path, Options{})
	defer s.Close()
	won, stored := s.Winners()
	var documents []string
	for _, b := range won {
		documents = append(documents, b.Document)
	}
	if got := strings.Join(documents, " "); got != "1 2 3 5" || stored != 6 {
		t.Errorf("the documents %s of %d bets", got, stored)
	}
}

// The checksum that WELCOME carries is what the agency computes over the records
// that it sends, however either side cuts them.
func TestChecksumOfStoredBets(t *testing.T) {
	const n = 250
	bets := sampleBets(1, 0, n)
	bets[7].FirstName, bets[99].LastName = `Ana "la Ñata"`, "O'Hara, de"
	for _, step := range []int{1, 7, 64, n} {
		fs := newMemFS()
		s := mustOpen(t, betsPath, Options{FS: fs})
		for at := 0; at < n; at += step {
			from := max(0, at-3) // overlaps what is stored
			if err := queue(t, s, lottery.Offset(from), bets[from:min(n, at+step)]).Wait(); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.State(1); got != stateOf(bets) {
			t.Errorf("in steps of %d: %v, want %v", step, got, stateOf(bets))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if got := mustOpen(t, betsPath, Options{FS: fs}).State(1); got != stateOf(bets) {
			t.Errorf("in steps of %d, after a restart: %v, want %v", step, got, stateOf(bets))
		}
	}
}

// A bet that another program wrote and that is too long for a message counts. It does
// not change the checksum of the others.
func TestChecksumLeavesOutWhatCannotTravel(t *testing.T) {
	bets := sampleBets(1, 0, 3)
	want := sumOf([]lottery.Bet{bets[0], bets[2]})
	bets[1].FirstName = strings.Repeat("x", 256)
	if got := mustOpen(t, betsPath, Options{FS: withFiles(bets, "")}).State(1); got != (State{Bets: 3, Sum: want}) {
		t.Errorf("got %v, want 3 bets of %08x", got, want)
	}
}
