package store

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// TestConcurrentSessions uploads twelve agencies, each over three connections
// at once that cut their batches differently, onto a disk that is full at times.
func TestConcurrentSessions(t *testing.T) {
	dir := t.TempDir()
	fs := &flakyFS{period: 7}
	opts := Options{Sync: true, MaxQueued: 20_000, FS: fs}
	s := mustOpen(t, filepath.Join(dir, "bets.csv"), opts)
	const agencies, each = 12, 300
	var wg sync.WaitGroup
	for id := lottery.AgencyID(1); id <= agencies; id++ {
		bets := sampleBets(id, 0, each)
		for connection := range 3 {
			wg.Go(func() {
				for s.State(id).Bets < each {
					if err := upload(s, bets, 3+4*connection); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	if err := s.Close(); err != nil && !errors.Is(err, ErrNotStored) {
		t.Fatal(err)
	}
	if fs.failed == 0 {
		t.Error("no write failed: the test shows nothing")
	}
	s = mustOpen(t, filepath.Join(dir, "bets.csv"), opts)
	defer s.Close()
	of := make(map[lottery.AgencyID][]lottery.Bet)
	for _, b := range collect(t, loadBets(s)) {
		of[b.Agency] = append(of[b.Agency], b)
	}
	if len(of) != agencies {
		t.Errorf("bets of %d agencies, want %d", len(of), agencies)
	}
	for id, bets := range maps.All(of) {
		equalBets(t, bets, sampleBets(id, 0, each))
		if s.State(id) != stateOf(bets) {
			t.Errorf("agency %d: state %v after reopening", id, s.State(id))
		}
	}
}

// What reads the state waits while another goroutine holds its lock. Without the lock this
// test fails also without -race.
func TestReadingTakesTheLock(t *testing.T) {
	s := mustOpen(t, "/bets.csv", Options{FS: newMemFS()})
	defer s.Close()
	for name, tt := range map[string]struct {
		lock *sync.Mutex
		read func()
	}{
		"Winners":  {&s.mu, func() { s.Winners() }},
		"Bets":     {&s.mu, func() { s.Bets() }},
		"State":    {&s.mu, func() { s.State(1) }},
		"States":   {&s.mu, func() { s.States() }},
		"Finished": {&s.journal.mu, func() { s.Finished() }},
		"Drawn":    {&s.journal.mu, func() { s.Drawn() }},
	} {
		tt.lock.Lock()
		done := make(chan struct{})
		go func() {
			defer close(done)
			tt.read()
		}()
		if !waitsForLock("store.(*Store)."+name, done) {
			t.Errorf("%s reads without the lock", name)
		}
		tt.lock.Unlock()
		<-done
	}
}

// While bets.csv is being written, other goroutines can queue bets and read the state.
func TestNoLockDuringAWrite(t *testing.T) {
	fs := newMemFS()
	s := mustOpen(t, "/bets.csv", Options{FS: fs})
	defer s.Close()
	writing, goOn := make(chan struct{}), make(chan struct{})
	fs.before = func(op, name string) error {
		if op == "write" {
			close(writing)
			<-goOn
		}
		return nil
	}
	first, other := queue(t, s, 0, sampleBets(1, 0, 3)), sampleBets(2, 0, 3)
	written := make(chan error)
	go func() { written <- first.Wait() }()
	<-writing
	for _, tt := range []struct {
		name string
		call func() error
	}{
		{"StoreBets", func() error {
			_, err := s.StoreBets(2, 0, other, recordsOf(other))
			return err
		}},
		{"Winners", func() error { s.Winners(); return nil }},
		{"State", func() error { s.State(1); return nil }},
	} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			if err := tt.call(); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
		}()
		if waitsForLock("store.(*Store)."+tt.name, done) {
			t.Errorf("%s waits for the write", tt.name)
		}
		defer func() { <-done }()
	}
	fs.before = nil // of the next writes; this one has passed it
	close(goOn)
	if err := <-written; err != nil {
		t.Error(err)
	}
}

// waitsForLock waits until a goroutine in a function waits for a mutex, or is done. It
// returns which of the two came first.
func waitsForLock(function string, done <-chan struct{}) bool {
	buffer := make([]byte, 1<<20)
	for {
		select {
		case <-done:
			return false
		default:
		}
		for stack := range strings.SplitSeq(string(buffer[:runtime.Stack(buffer, true)]), "\n\n") {
			if strings.Contains(stack, "[sync.Mutex.Lock") && strings.Contains(stack, function+"(") {
				return true
			}
		}
	}
}

// upload is one connection: it resumes, keeps four batches in flight, and ends
// at the first failure.
func upload(s *Store, bets []lottery.Bet, size int) error {
	id := bets[0].Agency
	at := int(s.State(id).Bets)
	var window []*Commit
	for at < len(bets) || len(window) > 0 {
		if at < len(bets) && len(window) < 4 {
			n := min(size, len(bets)-at)
			c, err := s.StoreBets(id, lottery.Offset(at), bets[at:at+n], recordsOf(bets[at:at+n]))
			if errors.Is(err, central.ErrGap) {
				return nil
			} else if err != nil {
				return err
			}
			window, at = append(window, c), at+n
			continue
		}
		c := window[0]
		window = window[1:]
		if err := c.Wait(); errors.Is(err, ErrNotStored) {
			return nil
		} else if err != nil {
			return err
		}
		if state := s.State(id); state.Bets < c.End() {
			return fmt.Errorf("acknowledged %d, %d are durable", c.End(), state.Bets)
		}
		if won, stored := s.Winners(); uint64(len(won)) > stored {
			return fmt.Errorf("%d of %d bets have won", len(won), stored)
		}
	}
	return nil
}

// flakyFS is the real one, but each n-th write stops half way.
type flakyFS struct {
	osFS
	period, failed int
}

type flakyFile struct {
	File
	fs     *flakyFS
	writes int
}

func (fs *flakyFS) Open(path string) (File, error) {
	f, err := fs.osFS.Open(path)
	return &flakyFile{File: f, fs: fs}, err
}

func (f *flakyFile) Write(p []byte) (int, error) {
	if f.writes++; f.writes%f.fs.period == 0 {
		f.fs.failed++
		n, err := f.File.Write(p[:len(p)/2])
		return n, errors.Join(err, errors.New("disk full"))
	}
	return f.File.Write(p)
}
