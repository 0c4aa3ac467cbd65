//go:build linux || darwin

package store

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

const fullDiskEnv = "STORE_TEST_FULL_DISK"

// TestFullDisk runs TestFullDiskChild in a process of its own, which may not
// write files beyond a size: the kernel stops its writes half way.
func TestFullDisk(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestFullDiskChild$", "-test.v")
	cmd.Env = append(os.Environ(), fullDiskEnv+"="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestFullDiskChild(t *testing.T) {
	dir := os.Getenv(fullDiskEnv)
	if dir == "" {
		t.Skip("runs in a process of its own, which TestFullDisk starts")
	}
	const room = 10_000
	limit := func(n uint64) {
		var l syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
			t.Fatal(err)
		}
		l.Cur = min(n, l.Max)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "bets.csv")
	opts := Options{Sync: true}
	s := mustOpen(t, path, opts)
	bets, at, failures := sampleBets(1, 0, 1000), 0, 0
	limit(room)
	for at < len(bets) {
		err := queue(t, s, lottery.Offset(at), bets[at:at+50]).Wait()
		if err == nil {
			at += 50
			continue
		}
		if !errors.Is(err, ErrNotStored) || !errors.Is(err, syscall.EFBIG) {
			t.Fatalf("full disk: error %v", err)
		}
		if file, err := os.ReadFile(path); err != nil || string(file) != string(appendRows(nil, bets[:at])) {
			t.Fatalf("failed, and left a trace: %d bytes, error %v", len(file), err)
		}
		if failures++; failures == 3 {
			limit(1 << 40) // somebody made room
		}
	}
	if failures != 3 {
		t.Errorf("failed %d times, want 3", failures)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, path, opts)
	defer s.Close()
	if s.State(1) != stateOf(bets) {
		t.Errorf("state %v after reopening", s.State(1))
	}
}
