package timeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// run is the smallest timeline that has a page.
var run = &Timeline{Agencies: 1, End: 2, Frames: []Frame{{At: 1, Agency: 1, Connection: 1, Type: "HELLO", Bytes: 10}}}

func leave(path string) error {
	page, err := NewPage(path)
	if err != nil {
		return err
	}
	defer page.Close()
	return page.Write(run)
}

func TestPageReplacesOnlyPages(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.html")
	for range 2 { // the second run replaces the first page
		if err := leave(path); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o644 {
		t.Errorf("%v %v", info, err)
	}
	letter := filepath.Join(dir, "carta.html")
	if err := os.WriteFile(letter, []byte("<p>querida"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, filepath.Join(dir, "enlace.html")); err != nil {
		t.Skip(err)
	}
	for _, name := range []string{"carta.html", "enlace.html", "."} {
		if err := leave(filepath.Join(dir, name)); err == nil || !strings.Contains(err.Error(), "no se reemplaza") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if text, err := os.ReadFile(letter); err != nil || string(text) != "<p>querida" {
		t.Errorf("the letter is now %q, %v", text, err)
	}
	onlyThese(t, dir, "a.html", "carta.html", "enlace.html")
}

func TestPageNeedsItsFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no", "a.html")
	if err := leave(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "tiene que existir la carpeta") {
		t.Error(err)
	}
}

// A run that fails leaves the earlier page as it was, and nothing else.
func TestPageNotWritten(t *testing.T) {
	dir := t.TempDir()
	if err := leave(filepath.Join(dir, "a.html")); err != nil {
		t.Fatal(err)
	}
	page, err := NewPage(filepath.Join(dir, "a.html"))
	if err != nil {
		t.Fatal(err)
	}
	if err := page.Close(); err != nil {
		t.Error(err)
	}
	onlyThese(t, dir, "a.html")
}

func onlyThese(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	if got, want := strings.Join(found, " "), strings.Join(names, " "); got != want {
		t.Errorf("the folder holds %s, expected %s", got, want)
	}
}

func TestNoAgencyConnected(t *testing.T) {
	if _, err := NewRecorder().Timeline(1); err == nil {
		t.Error("a timeline of nothing")
	}
}
