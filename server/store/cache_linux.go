package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// dropCache drops the cached pages of a file that was synced.
func dropCache(f *os.File) error {
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}
