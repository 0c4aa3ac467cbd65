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

// errChanged means that the size of the data file changed during the upload.
var errChanged = errors.New("the data file was changed during the upload")

// dataFile is an open data file.
type dataFile struct {
	*betcsv.Reader
	file *os.File
	name string
	size int64       // when the upload began
	stop func() bool // separates the file from the context
}

// dataFileError adds the name of the data file to an error. For some errors it also
// adds the remedy.
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

// checkDataFile returns the size of a data file in bytes, and whether the file is a
// pipe, which has no size. It fails if the file cannot be read.
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

// openDataFile opens a data file. size is its size when the upload began. When the
// context ends, openDataFile and the reads return at once. This is needed for a pipe
// without a writer. The goroutine that opens such a pipe may stay.
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
				file.Close() // openDataFile has returned
			}
		}
	}()
	select {
	case o := <-done:
		if o.err != nil {
			return nil, o.err
		}
		// A regular file has no deadlines. Its reads do not block.
		stop := context.AfterFunc(ctx, func() { _ = o.file.SetReadDeadline(time.Unix(1, 0)) })
		return &dataFile{Reader: betcsv.NewDataReader(o.file, name, id), file: o.file, name: name, size: size, stop: stop}, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// checkSize fails if the size of the file has changed since the upload began. Call it
// after the last read.
func (f *dataFile) checkSize() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	if info.Mode().IsRegular() && info.Size() != f.size {
		return fmt.Errorf("%s: %w: it had %d bytes and has %d", f.name, errChanged, f.size, info.Size())
	}
	return nil
}

func (f *dataFile) Close() error {
	f.stop()
	return f.file.Close()
}
