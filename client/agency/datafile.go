package agency

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/reason"
)

// errChanged says that the size of the data file changed during the upload.
var errChanged = errors.New("the data file was changed during the upload")

// dataFile is an open data file. name and size are for unchanged; stop ends the
// watch of the context.
type dataFile struct {
	*betcsv.Reader
	file *os.File
	name string
	size int64
	stop func() bool
}

// dataFileError says which data file cannot be used, why, and what to do where that
// is known.
func dataFileError(name string, err error) error {
	remedy := ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		remedy = " (make datos makes the data files)"
	case errors.Is(err, fs.ErrPermission):
		remedy = fmt.Sprintf(" (make it readable for all: chmod a+r %s)", name)
	}
	return fmt.Errorf("data file %s: %w%s", name, reason.Of(err), remedy)
}

// checkDataFile tells the size of a data file in bytes, or that it is a pipe, which
// has none. It fails, saying what to do, if the file cannot be read.
func checkDataFile(name string) (size int64, pipe bool, err error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return 0, false, err
	case info.IsDir():
		return 0, false, errors.New("is a folder")
	case !info.Mode().IsRegular():
		return 0, true, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return 0, false, err
	}
	return info.Size(), false, file.Close()
}

// openDataFile opens a data file that had the given size when the upload began.
// If the context ends, opening and reading return at once, also for a pipe to which
// nobody writes. The goroutine that opens such a pipe may stay.
func openDataFile(ctx context.Context, name string, size int64, id lottery.AgencyID) (*dataFile, error) {
	type opened struct {
		file *os.File
		err  error
	}
	done := make(chan opened)
	go func() {
		file, err := os.Open(name)
		select {
		case done <- opened{file, err}:
		case <-ctx.Done():
			if err == nil {
				file.Close() // nobody takes it
			}
		}
	}()
	select {
	case o := <-done:
		if o.err != nil {
			return nil, o.err
		}
		// A regular file does not support deadlines, and its reads do not
		// block.
		stop := context.AfterFunc(ctx, func() { _ = o.file.SetReadDeadline(time.Unix(1, 0)) })
		return &dataFile{Reader: betcsv.NewDataReader(o.file, name, id), file: o.file, name: name, size: size, stop: stop}, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// unchanged fails if the size of the file is not the size when the upload began. Call
// it after the last read.
func (f *dataFile) unchanged() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	if info.Mode().IsRegular() && info.Size() != f.size {
		return fmt.Errorf("%s: %w: it had %d bytes and has %d", f.name, errChanged, f.size, info.Size())
	}
	return nil
}

// Close closes the file.
func (f *dataFile) Close() error {
	f.stop()
	return f.file.Close()
}
