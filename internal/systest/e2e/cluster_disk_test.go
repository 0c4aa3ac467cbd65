//go:build linux

package e2e

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The disk of one NATS server is full. The two others go on.
func TestFullDiskOfOneNATSServer(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small file system")
	}
	r := newReplicated(t, replicatedData(4000))
	s := r.nats.Servers[0]
	s.Kill()
	small := filepath.Join(t.TempDir(), "small")
	if err := os.Mkdir(small, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", small, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("no small file system can be mounted: %v", err)
	}
	t.Cleanup(func() {
		s.Kill()
		if err := unix.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	})
	if err := os.RemoveAll(s.StoreFolder); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(small, s.StoreFolder); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	r.awaitCaughtUp(s)
	agencies := r.startAll()
	filler, err := os.Create(filepath.Join(small, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer filler.Close()
	if _, err := io.Copy(filler, zeros{}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	r.finish(agencies)
}

// zeros is a reader without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
