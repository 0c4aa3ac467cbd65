package store

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"
)

var (
	// ErrNotStored says that a write failed and was undone: nothing of it is
	// stored, and the store goes on.
	ErrNotStored = errors.New("nothing was stored")

	// ErrBroken says that a file could not be synced or cut back, or that its
	// path names another file now. The content of the file is not known, so
	// every call fails until the server starts again.
	ErrBroken = errors.New("storage is broken until a restart")
)

// appender appends each write completely or not at all. It belongs to one goroutine
// at a time.
type appender struct {
	fs   FS
	path string
	file File
	size int64 // bytes that were appended completely, and synced if sync is set
	sync bool  // append syncs each write

	written func(took time.Duration, err error) // called after each append; may be nil
}

// openAppender opens a file, or creates it. It syncs the file and drops its cached
// pages, because after a failed sync the cache may hold bytes that the disk lacks.
func openAppender(path string, opts Options) (*appender, error) {
	fs := opts.FS
	if fs == nil {
		fs = OS
	}
	file, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	a := &appender{fs: fs, path: path, file: file, sync: opts.Sync, written: opts.Written}
	if err := file.Sync(); err != nil {
		return nil, errors.Join(fmt.Errorf("sync %s: %w", path, err), file.Close())
	}
	if err := file.DropCache(); err != nil {
		return nil, errors.Join(fmt.Errorf("drop the cached pages of %s: %w", path, err), file.Close())
	}
	return a, nil
}

// append writes p at the end of the file and, if sync is set, syncs it. Its errors
// wrap ErrNotStored or ErrBroken.
func (a *appender) append(p []byte) error {
	started := time.Now()
	err := a.write(p)
	if a.written != nil {
		a.written(time.Since(started), err)
	}
	return err
}

func (a *appender) write(p []byte) error {
	n, err := a.file.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		if cut := a.cut(a.size); cut != nil {
			return fmt.Errorf("%w: %w, after %w", ErrBroken, cut, err)
		}
		return fmt.Errorf("%w: append to %s: %w", ErrNotStored, a.path, err)
	}
	if a.sync {
		if err := a.file.Sync(); err != nil {
			// Nobody knows how much of p the disk has. A restart must not
			// find bets that were not acknowledged, so cut p off.
			return fmt.Errorf("%w: %w", ErrBroken, errors.Join(fmt.Errorf("sync %s: %w", a.path, err), a.cut(a.size)))
		}
	}
	if err := a.check(a.size + int64(len(p))); err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	a.size += int64(len(p))
	return nil
}

// check fails if the path names another file by now, or if somebody else changed
// the size of the file. size is the size that it must have.
func (a *appender) check(size int64) error {
	switch got, err := a.file.SizeAtPath(); {
	case err != nil:
		return fmt.Errorf("%s was moved or removed: %w", a.path, err)
	case got != size:
		return fmt.Errorf("somebody else changed %s: it has %d bytes, expected %d", a.path, got, size)
	}
	return nil
}

// cut shortens the file to size and syncs it.
func (a *appender) cut(size int64) error {
	if err := a.file.Truncate(size); err != nil {
		return fmt.Errorf("cut %s back: %w", a.path, err)
	}
	if err := a.file.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", a.path, err)
	}
	a.size = size
	return nil
}

// cutTornEnd keeps the first size bytes of the file. It appends the other bytes to
// path.torn, syncs that file, cuts them off and returns how many they are. It syncs
// the folder too, because the name of a new file may be lost otherwise.
func (a *appender) cutTornEnd(size int64) (torn int64, err error) {
	total, err := a.file.Size()
	if err != nil {
		return 0, fmt.Errorf("size of %s: %w", a.path, err)
	}
	if torn = total - size; torn > 0 {
		if err := a.keepTorn(size, torn); err != nil {
			return 0, fmt.Errorf("keep the torn end of %s: %w", a.path, err)
		}
	}
	if err := a.cut(size); err != nil {
		return 0, err
	}
	return torn, a.syncDir()
}

func (a *appender) keepTorn(from, size int64) (err error) {
	torn, err := openAppender(a.path+".torn", Options{FS: a.fs})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, torn.close()) }() // close syncs
	if _, err := io.Copy(torn.file, io.NewSectionReader(a.file, from, size)); err != nil {
		return err
	}
	return torn.syncDir()
}

func (a *appender) syncDir() error {
	if err := a.fs.SyncDir(filepath.Dir(a.path)); err != nil {
		return fmt.Errorf("sync the folder of %s: %w", a.path, err)
	}
	return nil
}

// close syncs, unless every append was, and closes the file.
func (a *appender) close() error {
	var err error
	if !a.sync {
		err = a.file.Sync()
	}
	return errors.Join(err, a.file.Close())
}
