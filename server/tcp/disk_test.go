package tcp

import (
	"errors"
	"io"
	"path/filepath"
	"sync"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
)

// disk is a file system in memory that a test can hold up and break.
type disk struct {
	// before is called ahead of each "write", "sync" and "truncate" of a
	// file; its error is theirs. nil lets all pass.
	mu     sync.Mutex
	before func(op, file string) error
	files  map[string]*diskFile
}

type diskFile struct {
	disk *disk
	name string
	mu   sync.Mutex
	data []byte
}

func newDisk() *disk { return &disk{files: make(map[string]*diskFile)} }

// set replaces what happens before each operation.
func (d *disk) set(before func(op, file string) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = before
}

func (d *disk) call(op, file string) error {
	d.mu.Lock()
	before := d.before
	d.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(op, file)
}

func (d *disk) Open(path string) (store.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.files[path] == nil {
		d.files[path] = &diskFile{disk: d, name: filepath.Base(path)}
	}
	return d.files[path], nil
}

func (d *disk) SyncDir(string) error { return nil }

func (f *diskFile) ReadAt(p []byte, at int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at >= int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.data[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Write stores half of what it is given when it fails.
func (f *diskFile) Write(p []byte) (int, error) {
	err := f.disk.call("write", f.name)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		p = p[:len(p)/2]
	}
	f.data = append(f.data, p...)
	return len(p), err
}

func (f *diskFile) Truncate(size int64) error {
	if err := f.disk.call("truncate", f.name); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.data = f.data[:size]
	return nil
}

func (f *diskFile) Size() (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return int64(len(f.data)), nil
}

func (f *diskFile) Sync() error                { return f.disk.call("sync", f.name) }
func (f *diskFile) DropCache() error           { return nil }
func (f *diskFile) SizeAtPath() (int64, error) { return f.Size() }
func (f *diskFile) Close() error               { return nil }

var errDisk = errors.New("no space left on device | action: x\nand more")

// failing fails one operation on one file.
func failing(op, file string) func(string, string) error {
	return func(o, f string) error {
		if o == op && f == file {
			return errDisk
		}
		return nil
	}
}

// gate holds up the writing of bets until it is opened. It tells when somebody
// waits at it.
type gate struct {
	waiting chan struct{}
	pass    chan struct{}
	opened  sync.Once
}

func (d *disk) shut(t *testing.T) *gate {
	g := &gate{waiting: make(chan struct{}, 1000), pass: make(chan struct{})}
	t.Cleanup(g.open) // or a test that fails before it opens it would hang
	d.set(func(op, file string) error {
		if op != "write" || file != "bets.csv" {
			return nil
		}
		g.waiting <- struct{}{}
		<-g.pass
		return nil
	})
	return g
}

// open opens the gate for good. It may be called again.
func (g *gate) open() { g.opened.Do(func() { close(g.pass) }) }
