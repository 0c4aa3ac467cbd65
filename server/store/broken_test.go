package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// After a failed sync the system's cache shows rows that the disk lacks, and the
// next sync succeeds. A start counts what the disk has, also if the file could not
// be cut back.
func TestFailedSyncLosesPages(t *testing.T) {
	for name, alsoFails := range map[string]string{"cut back": "", "not cut back": "truncate"} {
		t.Run(name, func(t *testing.T) {
			fs := newMemFS()
			opts := Options{Sync: true, FS: fs}
			bets := sampleBets(1, 0, 10)
			s := mustOpen(t, betsPath, opts)
			if err := queue(t, s, 0, bets[:5]).Wait(); err != nil {
				t.Fatal(err)
			}
			fs.before = func(op, _ string) error {
				if op == "sync" || op == alsoFails {
					return errors.New("input/output error")
				}
				return nil
			}
			if err := queue(t, s, 5, bets[5:]).Wait(); !errors.Is(err, ErrBroken) {
				t.Fatalf("error %v", err)
			}
			fs.before = nil
			if got := fs.read(betsPath); alsoFails == "" && !bytes.Equal(got, appendRows(nil, bets[:5])) {
				t.Errorf("the file shows %q", got)
			}
			_ = s.Close() // says that the store is broken
			s = mustOpen(t, betsPath, opts)
			if got, want := s.State(1), stateOf(bets[:5]); got != want {
				t.Errorf("counted %v, want %v", got, want)
			}
			equalBets(t, collect(t, loadBets(s)), bets[:5])
			fs.powerCut(func(int) int { return 0 }, false)
			equalBets(t, collect(t, loadBets(mustOpen(t, betsPath, opts))), bets[:5])
		})
	}
}

// wantBroken checks that every call of a store fails with ErrBroken.
func wantBroken(t *testing.T, s *Store, next lottery.Offset) {
	t.Helper()
	select {
	case <-s.Broken():
	default:
		t.Error("does not say that it is broken")
	}
	bet := sampleBets(1, int(next), 1)
	_, err := s.StoreBets(1, next, bet, recordsOf(bet))
	for what, err := range map[string]error{
		"bets": err, "finished": s.RecordFinished(1, s.State(1).Bets), "draw": s.RecordDraw(1), "Err": s.Err(), "Close": s.Close(),
	} {
		if !errors.Is(err, ErrBroken) {
			t.Errorf("%s: error %v", what, err)
		}
	}
}

// Whichever file fails, every call fails from then on.
func TestBrokenIsOneState(t *testing.T) {
	for _, name := range []string{"bets.csv", "bets.csv.journal"} {
		t.Run(name, func(t *testing.T) {
			fs := newMemFS()
			s := mustOpen(t, betsPath, Options{Sync: true, Agencies: 2, FS: fs})
			if err := queue(t, s, 0, sampleBets(1, 0, 5)).Wait(); err != nil {
				t.Fatal(err)
			}
			waiting := queue(t, s, 5, sampleBets(1, 5, 5))
			fs.before = func(op, file string) error {
				if op == "sync" && file == name {
					return errors.New("input/output error")
				}
				return nil
			}
			if name == "bets.csv.journal" {
				if err := s.RecordFinished(2, 0); !errors.Is(err, ErrBroken) {
					t.Errorf("finished: error %v", err)
				}
			}
			if err := waiting.Wait(); !errors.Is(err, ErrBroken) {
				t.Errorf("bets that were queued before: error %v", err)
			}
			fs.before = nil
			wantBroken(t, s, 5)
			s = mustOpen(t, betsPath, Options{Sync: true, Agencies: 2, FS: fs})
			if s.State(1) != stateOf(sampleBets(1, 0, 5)) || len(s.Finished()) != 0 {
				t.Errorf("after a restart: %v, finished %v", s.State(1), s.Finished())
			}
		})
	}
}

// The store notices at the next write that its file was removed, replaced or cut, and
// does not acknowledge what it has written.
func TestFileChangedUnderneath(t *testing.T) {
	replace := func(path string) error {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return errors.Join(os.Rename(path, path+".old"), os.WriteFile(path, content, 0o644))
	}
	for name, change := range map[string]func(path string) error{
		"removed":          os.Remove,
		"renamed":          func(path string) error { return os.Rename(path, path+".old") },
		"replaced":         replace,
		"cut":              func(path string) error { return os.Truncate(path, 10) },
		"emptied":          func(path string) error { return os.Truncate(path, 0) },
		"grown":            func(path string) error { return os.Truncate(path, 10_000) },
		"folder was moved": func(path string) error { return os.Rename(filepath.Dir(path), filepath.Dir(path)+".old") },
	} {
		for _, file := range []string{"bets.csv", "bets.csv.journal"} {
			t.Run(name+" "+file, func(t *testing.T) {
				folder := filepath.Join(t.TempDir(), "data")
				if err := os.Mkdir(folder, 0o755); err != nil {
					t.Fatal(err)
				}
				s := mustOpen(t, filepath.Join(folder, "bets.csv"), Options{Agencies: 2})
				if err := errors.Join(queue(t, s, 0, sampleBets(1, 0, 5)).Wait(), s.RecordFinished(2, 0)); err != nil {
					t.Fatal(err)
				}
				if err := change(filepath.Join(folder, file)); err != nil {
					t.Fatal(err)
				}
				write := func() error { return queue(t, s, 5, sampleBets(1, 5, 5)).Wait() }
				if file == "bets.csv.journal" {
					write = func() error { return s.RecordFinished(1, 5) }
				}
				if err := write(); !errors.Is(err, ErrBroken) {
					t.Errorf("error %v", err)
				}
				wantBroken(t, s, 5)
			})
		}
	}
}

// A start ends with its context, however long the file is.
func TestOpenStops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	if err := os.WriteFile(path, appendRows(nil, sampleBets(1, 0, 100_000)), 0o644); err != nil {
		t.Fatal(err)
	}
	reason := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	var closed []string
	_, err := Open(ctx, path, Options{Closed: func(path string, err error) { closed = append(closed, filepath.Base(path)) }})
	if !errors.Is(err, reason) || len(closed) != 1 || closed[0] != "bets.csv" {
		t.Errorf("error %v, closed %q", err, closed)
	}
	s := mustOpen(t, path, Options{})
	defer s.Close()
	if s.Bets() != 100_000 {
		t.Errorf("%d bets", s.Bets())
	}
}

// An entry says what bets.csv holds. If that file was removed or cut since its last
// write, the entry is not acknowledged.
func TestRecordsNoticeChangedBets(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"removed": os.Remove,
		"emptied": func(path string) error { return os.Truncate(path, 0) },
	} {
		for what, add := range map[string]func(*Store) error{
			"finished": func(s *Store) error { return s.RecordFinished(1, 5) },
			"draw":     func(s *Store) error { return s.RecordDraw(1) },
		} {
			path := filepath.Join(t.TempDir(), "bets.csv")
			s := mustOpen(t, path, Options{Agencies: 1})
			if err := queue(t, s, 0, sampleBets(1, 0, 5)).Wait(); err != nil {
				t.Fatal(err)
			}
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			if err := add(s); !errors.Is(err, ErrBroken) {
				t.Errorf("%s, %s: error %v", name, what, err)
			}
			_ = s.Close() // says that the store is broken
		}
	}
}

// A start that fails leaves both files as they were, torn ends included.
func TestRefusedStartChangesNothing(t *testing.T) {
	bets := twoAgencies()
	journal := finishedLine(1, bets) + finishedLine(2, bets) + "finished 3 "
	fs := withFiles(bets[:6], journal) // a bet of agency 2 is missing
	torn := append(fs.read(betsPath), "2,torn"...)
	fs.write(betsPath, torn)
	if _, err := Open(t.Context(), betsPath, Options{Agencies: 3, FS: fs}); err == nil {
		t.Fatal("opened")
	}
	if !bytes.Equal(fs.read(betsPath), torn) || string(fs.read(journalPath)) != journal || fs.read(betsPath+".torn") != nil {
		t.Errorf("files were changed: %q, %q", fs.read(betsPath), fs.read(journalPath))
	}
}
