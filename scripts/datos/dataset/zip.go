package dataset

import (
	"archive/zip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// zipNames are the names under which the course's data set is known.
var zipNames = []string{"dataset.zip", "datasets.zip"}

// maxEntry bounds what one entry may unpack to: the course's largest is 1.2 MB.
// It is a variable for the tests.
var maxEntry int64 = 256 << 20

var entryName = regexp.MustCompile(`^agency-([1-9][0-9]{0,5})\.csv$`)

// archive is the course's zip. Its entries are found by agency, and unpacked
// under names of our own: no path inside the zip is ever used.
type archive struct {
	name    string // as told to the user
	reader  *zip.ReadCloser
	entries map[int]*zip.File
}

// openArchive opens the first of zipNames in dir; nil when there is none.
func openArchive(dir string) (*archive, error) {
	for _, name := range zipNames {
		file := filepath.Join(dir, name)
		info, err := os.Stat(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && !info.Mode().IsRegular() {
			// A pipe would be waited for, without an end.
			return nil, fmt.Errorf("%s no es un archivo común", file)
		}
		reader, err := zip.OpenReader(file)
		if err != nil {
			return nil, damaged(file, err)
		}
		a := &archive{name: file, reader: reader}
		if err := a.index(); err != nil {
			reader.Close()
			return nil, err
		}
		return a, nil
	}
	return nil, nil
}

func damaged(file string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("no hay permiso para leer %s (chmod u+r)", file)
	}
	return fmt.Errorf("%s está dañado o no es un zip (%w): hay que copiarlo de nuevo, o borrarlo para usar datos sintéticos", file, err)
}

func (a *archive) index() error {
	a.entries = make(map[int]*zip.File)
	for _, f := range a.reader.File {
		name := strings.ReplaceAll(f.Name, `\`, "/") // some Windows tools write backslashes
		match := entryName.FindStringSubmatch(path.Base(name))
		if match == nil || !f.Mode().IsRegular() || strings.HasPrefix(name, "__MACOSX/") {
			continue
		}
		agency, _ := strconv.Atoi(match[1])
		if other, twice := a.entries[agency]; twice {
			return fmt.Errorf("%s trae dos archivos para la agencia %d: %q y %q", a.name, agency, other.Name, f.Name)
		}
		a.entries[agency] = f
	}
	if len(a.entries) == 0 {
		return fmt.Errorf("%s no trae ningún archivo agency-N.csv", a.name)
	}
	return nil
}

func (a *archive) has(agency int) bool {
	return a != nil && a.entries[agency] != nil
}

// extract copies an agency's entry byte for byte, counting its bets.
func (a *archive) extract(w io.Writer, agency int) (Size, error) {
	entry := a.entries[agency]
	reader, err := entry.Open()
	if err != nil {
		return Size{}, damaged(a.name, err)
	}
	defer reader.Close()
	limited := &io.LimitedReader{R: reader, N: maxEntry + 1}
	size, err := count(io.TeeReader(limited, w))
	switch {
	case limited.N <= 0:
		return Size{}, fmt.Errorf("%s: agency-%d.csv ocupa más de %d bytes", a.name, agency, maxEntry)
	case errors.Is(err, errMalformed):
		return Size{}, fmt.Errorf("%s: agency-%d.csv: %w", a.name, agency, err)
	case err != nil:
		return Size{}, damaged(a.name, fmt.Errorf("agency-%d.csv: %w", agency, err))
	}
	return size, nil
}

func (a *archive) close() {
	if a != nil {
		a.reader.Close() // it was only read
	}
}

// errMalformed is what count says of a line.
var errMalformed = errors.New("no tiene la forma nombre,apellido,documento,nacimiento,numero")

// count reads a data file to its end.
func count(r io.Reader) (Size, error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = 5
	rows.ReuseRecord = true
	var size Size
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return size, nil
		}
		var malformed *csv.ParseError
		if errors.As(err, &malformed) {
			return Size{}, fmt.Errorf("la línea %d %w (%v)", malformed.Line, errMalformed, malformed.Err)
		}
		if err != nil {
			return Size{}, err
		}
		size.Bets++
		if n, err := strconv.Atoi(row[4]); err == nil && n == winningNumber {
			size.Winners++
		}
	}
}
