// Package dataset fills a folder with the agencies' data files: the course's
// own where its zip is at hand, synthetic ones otherwise.
package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Origin says where the content of a data file comes from.
type Origin int

// The origins.
const (
	Synthetic Origin = iota // made from the seed
	Course                  // unpacked from the course's zip
	Kept                    // it was there already, and is used where it is
)

// Options says what Fill does.
type Options struct {
	Dir      string // the folder to fill; made when missing
	Source   string // the folder where the course's zip, or data files, may be; "" = Dir
	Agencies int    // files agency-1.csv … agency-N.csv
	Seed     uint64 // of the synthetic files
	Missing  bool   // use the data files of Source where they are; make only the others
}

// File is one filled data file.
type File struct {
	Agency int
	Path   string
	Origin Origin
	Size
	sum string // the SHA-256 of what was made
}

// Path gives the name of an agency's data file.
func Path(dir string, agency int) string {
	return filepath.Join(dir, fmt.Sprintf("agency-%d.csv", agency))
}

// Fill writes the data files of all agencies. Each file is replaced as a whole,
// and none is touched unless all could be made. Fill keeps a list of what it writes
// to the folder; if another file is in the way of one, it fails.
func Fill(ctx context.Context, opts Options) ([]File, error) {
	if opts.Source == "" {
		opts.Source = opts.Dir
	}
	if err := makeDir(opts.Dir); err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp(opts.Dir, ".agencias-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	files, err := prepareAll(ctx, opts, scratch)
	if err != nil {
		return nil, err
	}
	return files, place(files, opts.Dir, scratch)
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

// prepareAll makes the content of all data files in the scratch folder.
func prepareAll(ctx context.Context, opts Options, scratch string) ([]File, error) {
	zipped, err := openArchive(opts.Source)
	if err != nil {
		return nil, err
	}
	defer zipped.close()
	files := make([]File, opts.Agencies)
	for i := range files {
		if files[i], err = prepare(opts, zipped, scratch, i+1); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// prepare makes the content of one data file in the scratch folder, unless it is
// there already and is to be used.
func prepare(opts Options, zipped *archive, scratch string, agency int) (File, error) {
	file := File{Agency: agency, Path: Path(opts.Dir, agency)}
	if info, err := os.Lstat(file.Path); err == nil && info.IsDir() {
		return file, folderError(file.Path)
	}
	if existing := Path(opts.Source, agency); opts.Missing {
		if _, err := os.Lstat(existing); err == nil {
			size, err := countFile(existing)
			return File{Agency: agency, Path: existing, Origin: Kept, Size: size}, err
		}
	}
	out, err := os.Create(Path(scratch, agency))
	if err != nil {
		return file, err
	}
	defer out.Close() // for the error paths
	sum := sha256.New()
	if content := io.MultiWriter(out, sum); zipped.has(agency) {
		file.Origin = Course
		file.Size, err = zipped.extract(content, agency)
	} else {
		file.Size, err = WriteSynthetic(content, agency, opts.Seed)
	}
	if err != nil {
		return file, err
	}
	file.sum = hex.EncodeToString(sum.Sum(nil))
	// Readable by the containers' users, whatever the umask.
	return file, errors.Join(out.Chmod(0o644), out.Close())
}

func folderError(path string) error {
	return fmt.Errorf("%s es una carpeta (las crea Docker al montar un archivo que falta): hay que borrarla", path)
}

func countFile(path string) (Size, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return Size{}, err
	case info.IsDir():
		return Size{}, folderError(path)
	case !info.Mode().IsRegular(): // a pipe would be waited for, without an end
		return Size{}, fmt.Errorf("%s no es un archivo común", path)
	}
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

// place moves the files that were made from the scratch folder to their places.
func place(files []File, dir, scratch string) error {
	made := slices.DeleteFunc(slices.Clone(files), func(f File) bool { return f.Origin == Kept })
	list, err := readWritten(dir)
	if err != nil {
		return err
	}
	if err := list.refuseForeign(made); err != nil {
		return err
	}
	if err := list.add(made, scratch); err != nil {
		return err
	}
	for _, file := range made {
		if err := os.Rename(Path(scratch, file.Agency), file.Path); err != nil {
			return err
		}
	}
	return nil
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
