package store

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

var (
	// ErrRefused says that a write failed and was undone: nothing of it is
	// stored, and the store goes on.
	ErrRefused = errors.New("nothing was stored")

	// ErrBroken says that a file could not be synced or cut back. What it holds
	// is not known, so everything is refused until the server starts again.
	ErrBroken = errors.New("storage is broken until a restart")
)

// appender appends to a file whole or not at all. It belongs to one goroutine
// at a time.
type appender struct {
	fs   FS
	path string
	file File
	size int64 // up to here, the file is durable
	sync bool
}

func openAppender(path string, opts Options) (*appender, error) {
	fs := opts.FS
	if fs == nil {
		fs = osFS{}
	}
	file, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	return &appender{fs: fs, path: path, file: file, sync: opts.Sync}, nil
}

// append writes p behind the durable end and, if told so, syncs it. Its errors
// wrap ErrRefused or ErrBroken.
func (a *appender) append(p []byte) error {
	n, err := a.file.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		if cut := a.cut(a.size); cut != nil {
			return fmt.Errorf("%w: %w, after %w", ErrBroken, cut, err)
		}
		return fmt.Errorf("%w: append to %s: %w", ErrRefused, a.path, err)
	}
	if a.sync {
		if err := a.file.Sync(); err != nil {
			return fmt.Errorf("%w: sync %s: %w", ErrBroken, a.path, err)
		}
	}
	a.size += int64(len(p))
	return nil
}

// cut shortens the file to size, for good.
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

// begin makes durable what a start found, up to size, and cuts off what lies
// behind: a process that was killed may have left rows that it did not sync,
// and the name of a new file is not on disk before its folder is.
func (a *appender) begin(size int64) error {
	if err := a.cut(size); err != nil {
		return err
	}
	return a.syncDir()
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
