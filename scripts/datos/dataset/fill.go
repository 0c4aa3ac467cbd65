// Package dataset fills a folder with the agencies' data files: the course's
// own where its zip is at hand, synthetic ones otherwise.
package dataset

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Origin says where the content of a data file comes from.
type Origin int

// The origins.
const (
	Synthetic Origin = iota // made from the seed
	Course                  // unpacked from the course's zip
	Kept                    // it was there already
)

// Options says what Fill does.
type Options struct {
	Dir      string // the folder to fill; made when missing
	Zips     string // the folder where the course's zip may be; "" = Dir
	Agencies int    // files agency-1.csv … agency-N.csv
	Seed     uint64 // of the synthetic files
	Missing  bool   // leave the files that exist as they are
}

// File is one filled data file.
type File struct {
	Agency int
	Path   string
	Origin Origin
	Size

	temporary string // where its content waits to be renamed to Path
}

// Path gives the name of an agency's data file.
func Path(dir string, agency int) string {
	return filepath.Join(dir, fmt.Sprintf("agency-%d.csv", agency))
}

// Fill writes the data files of all agencies. Each file is replaced as a whole,
// and none is touched unless all could be made.
func Fill(ctx context.Context, opts Options) ([]File, error) {
	if opts.Zips == "" {
		opts.Zips = opts.Dir
	}
	if err := makeDir(opts.Dir); err != nil {
		return nil, err
	}
	zipped, err := openArchive(opts.Zips)
	if err != nil {
		return nil, err
	}
	defer zipped.close()

	files := make([]File, 0, opts.Agencies)
	defer func() { discard(files) }()
	for agency := 1; agency <= opts.Agencies; agency++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		file, err := prepare(opts, zipped, agency)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return files, replace(files)
}

// makeDir makes the folder, readable by the containers' users whatever the
// umask.
func makeDir(dir string) error {
	_, err := os.Stat(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.Chmod(dir, 0o755)
}

// prepare makes the content of one data file under a temporary name.
func prepare(opts Options, zipped *archive, agency int) (File, error) {
	file := File{Agency: agency, Path: Path(opts.Dir, agency)}
	info, err := os.Lstat(file.Path)
	exists := err == nil
	switch {
	case exists && info.IsDir():
		return file, fmt.Errorf("%s es una carpeta (las crea Docker al montar un archivo que falta): hay que borrarla", file.Path)
	case exists && opts.Missing:
		file.Origin = Kept
		file.Size, err = countFile(file.Path)
		return file, err
	case zipped.has(agency):
		file.Origin = Course
	}
	file.temporary, err = writeTemporary(opts.Dir, func(w io.Writer) (err error) {
		if file.Origin == Course {
			file.Size, err = zipped.extract(w, agency)
		} else {
			file.Size, err = WriteSynthetic(w, agency, opts.Seed)
		}
		return err
	})
	return file, err
}

func countFile(path string) (Size, error) {
	f, err := os.Open(path)
	if err != nil {
		return Size{}, err
	}
	defer f.Close()
	size, err := count(f)
	if err != nil {
		return size, fmt.Errorf("%s: %w", path, err)
	}
	return size, nil
}

// writeTemporary writes a file of mode 0644 in dir, or none.
func writeTemporary(dir string, content func(io.Writer) error) (name string, err error) {
	f, err := os.CreateTemp(dir, ".agency-*.tmp")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	out := bufio.NewWriterSize(f, 64<<10)
	if err := content(out); err != nil {
		return "", err
	}
	if err := out.Flush(); err != nil {
		return "", err
	}
	if err := f.Chmod(0o644); err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

func replace(files []File) error {
	for i := range files {
		if files[i].temporary == "" {
			continue
		}
		if err := os.Rename(files[i].temporary, files[i].Path); err != nil {
			return err
		}
		files[i].temporary = ""
	}
	return nil
}

// discard removes what was not renamed.
func discard(files []File) {
	for _, file := range files {
		if file.temporary != "" {
			os.Remove(file.temporary)
		}
	}
}

// Total adds up the files' sizes.
func Total(files []File) Size {
	var total Size
	for _, file := range files {
		total.Bets += file.Bets
		total.Winners += file.Winners
	}
	return total
}
