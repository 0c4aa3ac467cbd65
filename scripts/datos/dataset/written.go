package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// listName is the file in the folder that lists what Fill has written there.
const listName = ".generado"

// written is what Fill has written to a folder, in this run and before: a line for
// each content of each file, as sha256sum prints it.
type written struct {
	dir   string
	lines []string
}

// readWritten reads the list of a folder. It is empty if there is none.
func readWritten(dir string) (written, error) {
	content, err := os.ReadFile(filepath.Join(dir, listName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return written{}, err
	}
	return written{dir, slices.Collect(strings.Lines(string(content)))}, nil
}

func line(file File, sum string) string {
	return fmt.Sprintf("%s  %s\n", sum, filepath.Base(file.Path))
}

// refuseForeign fails if what stands in the place of a file was not written by
// Fill, or was changed since, unless it is the same as the file. The error names
// every such place.
func (w written) refuseForeign(files []File) error {
	var foreign []string
	for _, file := range files {
		sum, err := checksum(file.Path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case sum != file.sum && !slices.Contains(w.lines, line(file, sum)):
			foreign = append(foreign, file.Path)
		}
	}
	if len(foreign) == 0 {
		return nil
	}
	return fmt.Errorf("no se reemplaza lo que no hizo make datos, o cambió después: %s "+
		"(hay que moverlo o borrarlo antes; con -faltantes queda como está)", strings.Join(foreign, ", "))
}

// checksum returns the SHA-256 of a file, and "" for what is no regular file.
func checksum(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return "", err
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, file)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// add adds files that are about to be moved to their places. What was written
// before stays in the list: if the moving is interrupted, some of it is still there.
func (w written) add(files []File, scratch string) error {
	for _, file := range files {
		w.lines = append(w.lines, line(file, file.sum))
	}
	slices.Sort(w.lines)
	text := strings.Join(slices.Compact(w.lines), "")
	made := filepath.Join(scratch, listName)
	if err := os.WriteFile(made, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(made, filepath.Join(w.dir, listName))
}
