//go:build unix

package identity_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity"
)

// What is no file of a moderate size is refused, and not read: nobody could stop a
// program that waits for a pipe, or reads a device without end.
func TestNewSourceReadsOnlyFiles(t *testing.T) {
	a := newAuthority(t, time.Now())
	for _, tt := range []struct {
		put  func(path string) error
		want string
	}{
		{func(path string) error { return syscall.Mkfifo(path, 0o644) }, "is not a regular file"},
		{func(path string) error { return os.Symlink(os.DevNull, path) }, "is not a regular file"},
		{func(path string) error { return os.WriteFile(path, make([]byte, 2<<20), 0o644) }, "has more than 1048576 bytes"},
	} {
		files := write(t, a, agency(t, a))
		os.Remove(files.Key)
		if err := tt.put(files.Key); err != nil {
			t.Fatal(err)
		}
		failed := make(chan error, 1)
		go func() {
			_, err := identity.NewSource(files, identity.RoleAgency, nil)
			failed <- err
		}()
		select {
		case err := <-failed:
			if err == nil || err.Error() != files.Key+": "+tt.want {
				t.Errorf("%v, want %s", err, tt.want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("it waits where the file %s", tt.want)
		}
	}
}
