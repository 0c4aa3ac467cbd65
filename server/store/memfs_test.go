package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"testing"
)

// memFS is a file system in memory that can fail and that knows what a power
// cut would leave: of a file, what was synced; of a name, whether its folder was.
type memFS struct {
	// before is called ahead of every call that changes something: "open",
	// "write", "sync", "truncate", "syncdir". An error makes the call fail; a
	// shortWrite makes a write stop early.
	before func(op, name string) error

	mu    sync.Mutex
	files map[string]*memFile
	calls map[string]int
}

// memFile is a file as Linux treats it: a failed sync marks the pages clean all
// the same, so that the next one succeeds, and the disk lacks what they hold.
type memFile struct {
	fs    *memFS
	name  string
	data  []byte // what reads show: the system's cache
	disk  []byte // what the disk holds
	dirty int    // from here on, data was written since the last sync
	named bool   // its name is on disk
	open  bool
}

// shortWrite is the error of a write that stores some bytes only.
type shortWrite struct {
	keep func(n int) int
	err  error // nil breaks io.Writer's contract, as some drivers do
}

func (w shortWrite) Error() string { return fmt.Sprint("short write: ", w.err) }

func newMemFS() *memFS {
	return &memFS{files: make(map[string]*memFile), calls: make(map[string]int)}
}

func (m *memFS) call(op, name string) error {
	m.mu.Lock()
	m.calls[op]++
	before := m.before
	m.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(op, filepath.Base(name))
}

func (m *memFS) count(op string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls[op]
}

func (m *memFS) Open(path string) (File, error) {
	if err := m.call("open", path); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.files[path]
	if f == nil {
		f = &memFile{fs: m, name: path}
		m.files[path] = f
	}
	if f.open {
		return nil, fmt.Errorf("open %s: in use", path)
	}
	f.open = true
	return f, nil
}

func (m *memFS) SyncDir(path string) error {
	if err := m.call("syncdir", path); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, f := range m.files {
		f.named = f.named || filepath.Dir(name) == path
	}
	return nil
}

func (m *memFS) write(path string, data []byte) {
	m.files[path] = &memFile{fs: m, name: path, data: bytes.Clone(data), disk: bytes.Clone(data), dirty: len(data), named: true}
}

func (m *memFS) read(path string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.files[path]; f != nil {
		return bytes.Clone(f.data)
	}
	return nil
}

// powerCut leaves what a machine might find after it: all that was synced, and
// of what was not, the part that keep chooses, perhaps as NULs.
func (m *memFS) powerCut(keep func(n int) int, nuls bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, f := range m.files {
		f.open = false
		if !f.named {
			delete(m.files, name)
			continue
		}
		if tail := len(f.data) - len(f.disk); tail > 0 {
			kept := bytes.Clone(f.data[:len(f.disk)+keep(tail)])
			copy(kept, f.disk)
			if nuls {
				clear(kept[len(f.disk):])
			}
			f.data = kept
		} else {
			f.data = bytes.Clone(f.disk)
		}
		f.disk, f.dirty = bytes.Clone(f.data), len(f.data)
	}
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if !f.open {
		return 0, errors.New("file is closed")
	}
	if off >= int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Write(p []byte) (int, error) {
	err := f.fs.call("write", f.name)
	n := len(p)
	var short shortWrite
	if errors.As(err, &short) {
		n, err = short.keep(n), short.err
	} else if err != nil {
		n = 0
	}
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.dirty = min(f.dirty, len(f.data))
	f.data = append(f.data, p[:n]...)
	return n, err
}

func (f *memFile) Sync() error {
	err := f.fs.call("sync", f.name)
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	dirty := min(f.dirty, len(f.data))
	f.dirty = len(f.data)
	if err != nil {
		return err
	}
	disk := make([]byte, len(f.data)) // NULs where the disk has nothing
	copy(disk, f.disk)
	copy(disk[dirty:], f.data[dirty:])
	f.disk = disk
	return nil
}

func (f *memFile) DropCache() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	data := make([]byte, len(f.data))
	copy(data, f.disk)
	copy(data[min(f.dirty, len(data)):], f.data[min(f.dirty, len(data)):])
	f.data = data
	return nil
}

func (f *memFile) SizeAtPath() (int64, error) { return f.Size() }

func (f *memFile) Truncate(size int64) error {
	if err := f.fs.call("truncate", f.name); err != nil {
		return err
	}
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.data = f.data[:size:size]
	f.dirty = min(f.dirty, len(f.data))
	return nil
}

func (f *memFile) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return int64(len(f.data)), nil
}

func (f *memFile) Close() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.open = false
	return nil
}

func mustOpen(tb testing.TB, path string, opts Options) *Store {
	tb.Helper()
	s, err := Open(context.Background(), path, opts)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}
