package timeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// DataVariable is the environment variable that tells the recorded central where
// to save its recording.
const DataVariable = "CRONOLOGIA_DATOS"

// Save writes a timeline to a file, for Load.
func (t *Timeline) Save(path string) error {
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// Load reads what Save wrote.
func Load(path string) (*Timeline, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t := new(Timeline)
	if err := json.Unmarshal(text, t); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// mark is in every page: by it a later run knows what it may replace.
const mark = `<meta name="generator" content="cronologia de loteria">`

// Page is the place of a page. Its file is whole or it is not there.
type Page struct {
	path string
	temp *os.File
}

// NewPage prepares to write a page to a path, so that a run does not end without a
// place for it. It fails if the folder cannot be written to, or if there is
// something at the path that is no page of an earlier run.
func NewPage(path string) (*Page, error) {
	if err := refuseForeign(path); err != nil {
		return nil, err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".cronologia-*")
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return nil, fmt.Errorf("no se puede escribir la cronología %s: %w (tiene que existir la carpeta, con permiso de escritura)", path, failed.Err)
	}
	if err != nil {
		return nil, err
	}
	return &Page{path, temp}, nil
}

// refuseForeign fails unless nothing or an earlier page is at the path.
func refuseForeign(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	refusal := fmt.Errorf("%s existe y no es una cronología: no se reemplaza (hay que dar otro nombre, o moverlo antes)", path)
	if !info.Mode().IsRegular() {
		return refusal
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	head, err := io.ReadAll(io.LimitReader(file, 4<<10))
	if err == nil && !bytes.Contains(head, []byte(mark)) {
		err = refusal
	}
	return err
}

// Write writes the page of a timeline to its place.
func (p *Page) Write(t *Timeline) error {
	if err := render(p.temp, t); err != nil {
		return err
	}
	if err := p.temp.Chmod(0o644); err != nil {
		return err
	}
	if err := p.temp.Close(); err != nil {
		return err
	}
	return os.Rename(p.temp.Name(), p.path)
}

// Close removes what Write has not put into its place.
func (p *Page) Close() error {
	p.temp.Close()
	if err := os.Remove(p.temp.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
