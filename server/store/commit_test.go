package store

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// TestGroupCommit queues a thousand batches: they need one write and one fsync,
// and with five in flight a fifth of a thousand at the most.
func TestGroupCommit(t *testing.T) {
	for _, inFlight := range []int{5, 1000} {
		fs := newMemFS()
		s := mustOpen(t, "/bets.csv", Options{Sync: true, FS: fs})
		writes, syncs := fs.count("write"), fs.count("sync")
		var wg sync.WaitGroup
		for id := lottery.AgencyID(1); id <= 10; id++ {
			wg.Go(func() {
				bets := sampleBets(id, 0, 300)
				for at := 0; at < 300; {
					var last *Commit
					for range min(inFlight, 100) {
						last = queue(t, s, lottery.Offset(at), bets[at:at+3])
						at += 3
					}
					if inFlight < 100 {
						if err := last.Wait(); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		writes, syncs = fs.count("write")-writes, fs.count("sync")-syncs
		t.Logf("%d in flight per agency: 1000 batches, %d writes, %d fsyncs", min(inFlight, 100), writes, syncs)
		if bound := 1000 / inFlight; writes > bound || syncs > bound {
			t.Errorf("%d writes and %d fsyncs, want at most %d", writes, syncs, bound)
		}
	}
}

// TestWithoutSync has the rows in the file, and spares the fsync.
func TestWithoutSync(t *testing.T) {
	fs := newMemFS()
	s := mustOpen(t, "/bets.csv", Options{FS: fs})
	writes, syncs := fs.count("write"), fs.count("sync")
	if err := queue(t, s, 0, sampleBets(1, 0, 3)).Wait(); err != nil {
		t.Fatal(err)
	}
	if writes, syncs = fs.count("write")-writes, fs.count("sync")-syncs; writes != 1 || syncs != 0 {
		t.Errorf("%d writes and %d fsyncs, want one and none", writes, syncs)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// gate makes every write wait for its outcome.
func gate(fs *memFS) (outcome chan<- error) {
	c := make(chan error)
	fs.before = func(op, _ string) error {
		if op == "write" {
			return <-c
		}
		return nil
	}
	return c
}

// waitAll waits for commits, each in a goroutine, the first of them leading.
func waitAll(commits ...*Commit) (errs func() []error) {
	results := make([]error, len(commits))
	var wg sync.WaitGroup
	for i, c := range commits {
		wg.Go(func() { results[i] = c.Wait() })
		synctest.Wait()
	}
	return func() []error { wg.Wait(); return results }
}

func TestWriteFailureRefusesAllThatIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := newMemFS()
		s := mustOpen(t, "/bets.csv", Options{Sync: true, FS: fs})
		one, two := sampleBets(1, 0, 30), sampleBets(2, 0, 30)
		if err := queue(t, s, 0, one[:10]).Wait(); err != nil {
			t.Fatal(err)
		}
		outcome := gate(fs)
		first := queue(t, s, 10, one[10:20])
		errs := waitAll(first) // it leads, and is in the write now
		later := queue(t, s, 20, one[20:])
		other := queue(t, s, 0, two)
		again := queue(t, s, 5, one[5:15]) // its last bets are being written
		durable := queue(t, s, 0, one[:10])
		if again.Ready() || again.Fresh() != 0 || !durable.Ready() {
			t.Error("a duplicate is ready before, or not when, its copy is durable")
		}
		rest := waitAll(later, other, again)
		outcome <- shortWrite{func(n int) int { return n / 2 }, errors.New("disk full")}
		for i, err := range append(errs(), rest()...) {
			if !errors.Is(err, ErrNotStored) || !strings.Contains(err.Error(), "disk full") {
				t.Errorf("commit %d: error %v", i, err)
			}
		}
		if got := fs.read("/bets.csv"); !bytes.Equal(got, appendRows(nil, one[:10])) {
			t.Errorf("a trace was left: %q", got)
		}
		if s.State(1) != stateOf(one[:10]) || s.State(2) != (State{}) || s.Bets() != 10 {
			t.Errorf("states %v, %v", s.State(1), s.State(2))
		}
		if _, err := s.StoreBets(1, 20, one[20:], recordsOf(one[20:])); !errors.Is(err, central.ErrGap) {
			t.Errorf("a batch after a failed one: error %v", err)
		}
		if err := s.LastWrite(); !errors.Is(err, ErrNotStored) {
			t.Errorf("the last write: error %v", err)
		}
		fs.before = nil
		if c := queue(t, s, 10, one[10:]); c.Fresh() != 20 || c.Wait() != nil || s.State(1) != stateOf(one) || s.LastWrite() != nil {
			t.Errorf("the store does not go on: state %v, %v", s.State(1), s.LastWrite())
		}
	})
}

// TestDuplicateSharesTheFateOfItsCopy: the group with the first copy is written, the
// next group fails.
func TestDuplicateSharesTheFateOfItsCopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := newMemFS()
		s := mustOpen(t, "/bets.csv", Options{Sync: true, FS: fs})
		bets := sampleBets(1, 0, 30)
		outcome := gate(fs)
		errs := waitAll(queue(t, s, 0, bets[:10]))
		next := queue(t, s, 10, bets[10:20])
		same := queue(t, s, 0, bets[:10])
		overlap := queue(t, s, 5, bets[5:25])
		if overlap.Fresh() != 5 || overlap.End() != 25 {
			t.Errorf("overlap: fresh %d, end %d", overlap.Fresh(), overlap.End())
		}
		rest := waitAll(same, next, overlap, queue(t, s, 8, bets[8:12]))
		outcome <- nil
		outcome <- errors.New("disk full")
		if err := errors.Join(errs()...); err != nil {
			t.Error(err)
		}
		got := rest()
		if got[0] != nil {
			t.Errorf("duplicate of a stored batch: %v", got[0])
		}
		for i, err := range got[1:] {
			if !errors.Is(err, ErrNotStored) {
				t.Errorf("commit %d after it: error %v", i, err)
			}
		}
		if s.Bets() != 10 {
			t.Errorf("%d bets, want 10", s.Bets())
		}
	})
}

func TestSyncFailureBreaksTheStore(t *testing.T) {
	fs := newMemFS()
	s := mustOpen(t, "/bets.csv", Options{Sync: true, FS: fs})
	bets := sampleBets(1, 0, 20)
	if err := queue(t, s, 0, bets[:5]).Wait(); err != nil {
		t.Fatal(err)
	}
	fs.before = func(op, _ string) error {
		if op == "sync" {
			return errors.New("lost page")
		}
		return nil
	}
	if err := queue(t, s, 5, bets[5:10]).Wait(); !errors.Is(err, ErrBroken) {
		t.Errorf("commit: error %v", err)
	}
	fs.before = nil
	if _, err := s.StoreBets(1, 5, bets[5:], recordsOf(bets[5:])); !errors.Is(err, ErrBroken) {
		t.Errorf("afterwards: error %v", err)
	}
	equalBets(t, collect(t, loadBets(s)), bets[:5])
	if err := s.Close(); !errors.Is(err, ErrBroken) {
		t.Errorf("Close: error %v", err)
	}
}

func TestCloseFinishesWhatIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := newMemFS()
		s := mustOpen(t, "/bets.csv", Options{Sync: true, FS: fs})
		bets := sampleBets(1, 0, 30)
		outcome := gate(fs)
		errs := waitAll(queue(t, s, 0, bets[:10]), queue(t, s, 10, bets[10:20]))
		unwaited := queue(t, s, 20, bets[20:])
		closed := make(chan error)
		go func() { closed <- s.Close() }()
		synctest.Wait()
		if _, err := s.StoreBets(1, 30, bets[:0], nil); !errors.Is(err, ErrClosed) {
			t.Errorf("while closing: error %v", err)
		}
		outcome <- nil
		outcome <- nil
		if err := errors.Join(append(errs(), <-closed, unwaited.Wait())...); err != nil {
			t.Error(err)
		}
		if got := fs.read("/bets.csv"); !bytes.Equal(got, appendRows(nil, bets)) {
			t.Errorf("file holds %q", got)
		}
	})
}

// TestMaxQueuedBoundsMemory stores without ever waiting: StoreBets must write.
func TestMaxQueuedBoundsMemory(t *testing.T) {
	fs := newMemFS()
	s := mustOpen(t, "/bets.csv", Options{MaxQueued: 4000, FS: fs})
	var wg sync.WaitGroup
	for id := lottery.AgencyID(1); id <= 8; id++ {
		wg.Go(func() {
			bets := sampleBets(id, 0, 500)
			for at := 0; at < len(bets); at += 5 {
				queue(t, s, lottery.Offset(at), bets[at:at+5])
				s.mu.Lock()
				if queued := len(s.filling.rows); queued > 2000 {
					t.Errorf("%d bytes gathered", queued)
				}
				s.mu.Unlock()
			}
		})
	}
	wg.Wait()
	huge := sampleBets(9, 0, 100) // more than there is room for
	if err := queue(t, s, 0, huge).Wait(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s.Bets() != 4100 {
		t.Errorf("%d bets, want 4100", s.Bets())
	}
}
