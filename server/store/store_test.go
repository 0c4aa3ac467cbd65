package store

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

func collect(t *testing.T, seq iter.Seq2[*lottery.Bet, error]) (bets []lottery.Bet) {
	t.Helper()
	for bet, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		bets = append(bets, *bet)
	}
	return bets
}

func equalBets(t *testing.T, got, want []lottery.Bet) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("bet %d: got %+v, want %+v", i, got[i], want[i])
		}
	}
	t.Fatalf("%d bets, want %d", len(got), len(want))
}

func queue(t *testing.T, s *Store, at lottery.Offset, bets []lottery.Bet) *Commit {
	t.Helper()
	c, err := s.StoreBets(bets[0].Agency, at, bets, recordsOf(bets))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// recordsOf encodes bets, each of which a message can carry.
func recordsOf(bets []lottery.Bet) (records []byte) {
	for i := range bets {
		var err error
		if records, err = protocol.AppendRecord(records, &bets[i]); err != nil {
			panic(err)
		}
	}
	return records
}

// sumOf is the checksum of a sequence of bets.
func sumOf(bets []lottery.Bet) uint32 { return protocol.Checksum(0, recordsOf(bets)) }

func stateOf(bets []lottery.Bet) State {
	return State{Bets: lottery.Offset(len(bets)), Sum: sumOf(bets)}
}

// tornBytes is how much of bets.csv Open cut off.
func tornBytes(s *Store) (bytes int64) {
	for _, torn := range s.TornEnds() {
		if torn.Kept == s.path+".torn" {
			bytes = torn.Bytes
		}
	}
	return bytes
}

// loadBets reads the file of a store that nobody else uses.
func loadBets(s *Store) iter.Seq2[*lottery.Bet, error] {
	return LoadBets(betcsv.NewReader(io.NewSectionReader(s.file.file, 0, s.file.size)))
}

func TestStoreBets(t *testing.T) {
	fs := newMemFS()
	opts := Options{Sync: true, FS: fs}
	s := mustOpen(t, "/data/bets.csv", opts)
	bets := sampleBets(3, 0, 10)
	steps := []struct {
		at, n, fresh int
		gap          bool
	}{
		{at: 0, n: 4, fresh: 4},
		{at: 0, n: 4, fresh: 0},
		{at: 2, n: 4, fresh: 2},
		{at: 6, n: 0, fresh: 0},
		{at: 7, n: 1, gap: true},
		{at: 0, n: 10, fresh: 4},
		{at: 1, n: 3, fresh: 0},
	}
	for _, step := range steps {
		c, err := s.StoreBets(3, lottery.Offset(step.at), bets[step.at:step.at+step.n], recordsOf(bets[step.at:step.at+step.n]))
		if errors.Is(err, central.ErrGap) != step.gap {
			t.Fatalf("%+v: error %v", step, err)
		}
		if step.gap {
			continue
		}
		if err := c.Wait(); err != nil || !c.Ready() || c.Fresh() != step.fresh || c.End() != lottery.Offset(step.at+step.n) {
			t.Errorf("%+v: ready %v, fresh %d, end %d, error %v", step, c.Ready(), c.Fresh(), c.End(), err)
		}
	}
	if _, err := s.StoreBets(4, 0, bets, recordsOf(bets)); err == nil {
		t.Error("bets of another agency were taken")
	}
	if want := stateOf(bets); s.State(3) != want || s.Bets() != 10 || s.State(4) != (State{}) {
		t.Errorf("state %v, bets %d, want %v, 10", s.State(3), s.Bets(), want)
	}
	equalBets(t, collect(t, loadBets(s)), bets)
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if got := fs.read("/data/bets.csv"); !bytes.Equal(got, appendRows(nil, bets)) {
		t.Errorf("file holds %q", got)
	}
	if _, err := s.StoreBets(3, 10, bets, recordsOf(bets)); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: error %v", err)
	}
	s = mustOpen(t, "/data/bets.csv", opts)
	if want := stateOf(bets); s.State(3) != want || s.Bets() != 10 {
		t.Errorf("reopened: state %v, bets %d, want %v, 10", s.State(3), s.Bets(), want)
	}
}

// Bets that wait for a write are neither counted nor in the file.
func TestQueuedIsNotDurable(t *testing.T) {
	s := mustOpen(t, "/bets.csv", Options{FS: newMemFS()})
	bets := sampleBets(1, 0, 6)
	if err := queue(t, s, 0, bets[:4]).Wait(); err != nil {
		t.Fatal(err)
	}
	queued := queue(t, s, 4, bets[4:])
	equalBets(t, collect(t, loadBets(s)), bets[:4])
	if queued.Ready() || s.Bets() != 4 {
		t.Error("queued bets count as durable")
	}
	if err := queued.Wait(); err != nil {
		t.Fatal(err)
	}
	equalBets(t, collect(t, loadBets(s)), bets)
}

// The sequence may be left before its end.
func TestLoadBetsStops(t *testing.T) {
	rows := betcsv.NewReader(bytes.NewReader(appendRows(nil, sampleBets(1, 0, 3))))
	for range LoadBets(rows) {
		break
	}
	if rows.Rows() != 1 {
		t.Errorf("read %d rows, want 1", rows.Rows())
	}
}

func TestStoreAllocations(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "bets.csv"), Options{})
	defer s.Close()
	bets, at := sampleBets(1, 0, 1000), lottery.Offset(0)
	records := recordsOf(bets)
	allocs := testing.AllocsPerRun(50, func() {
		commit, err := s.StoreBets(1, at, bets, records)
		if err == nil {
			err = commit.Wait()
		}
		if err != nil {
			t.Fatal(err)
		}
		at += 1000
	})
	if allocs > 24 { // a handful, with the look at the file; more under the race detector
		t.Errorf("a batch of 1000 bets, alone in its group, allocates %v times, want at most 24", allocs)
	}
}
