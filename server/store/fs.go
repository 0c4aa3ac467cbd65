package store

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// FS is the file system as the store uses it. Tests replace it to make it fail.
type FS interface {
	// Open opens a file for reading and appending, or creates it. It locks the
	// file against other servers.
	Open(path string) (File, error)
	// SyncDir makes the names in a folder durable.
	SyncDir(path string) error
}

// File is an open file. Writes append.
type File interface {
	io.ReaderAt
	io.Writer
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
	// DropCache drops the file's pages from the system's cache, so that the next
	// reads come from the disk. The file must be synced.
	DropCache() error
	// SizeAtPath returns the size of the file. Unlike Size it fails if the path by
	// which the file was opened does not name it any more.
	SizeAtPath() (int64, error)
}

// OS is the operating system's file system. An FS that adds something can use it.
var OS FS = osFS{}

type osFS struct{}

type osFile struct{ *os.File }

func (osFS) Open(path string) (File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(&fs.PathError{Op: "lock", Path: path, Err: err}, f.Close())
	}
	return osFile{f}, nil
}

func (osFS) SyncDir(path string) error { return syncDir(path) }

func (f osFile) DropCache() error { return dropCache(f.File) }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f osFile) SizeAtPath() (int64, error) {
	named, err := os.Stat(f.Name())
	if err != nil {
		return 0, err
	}
	opened, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !os.SameFile(named, opened) {
		return 0, errors.New("another file has its name")
	}
	return named.Size(), nil
}
