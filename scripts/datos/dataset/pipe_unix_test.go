//go:build unix

package dataset

import (
	"context"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe in the place of the course's zip is refused, and not waited for.
func TestArchiveIsNoPipe(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, zipNames[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openArchive(dir); err == nil || !strings.Contains(err.Error(), "no es un archivo común") {
		t.Errorf("error %v", err)
	}
}

// Nor is one in the place of a data file.
func TestKeptFileIsNoPipe(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(Path(dir, 1), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Fill(context.Background(), Options{Dir: dir, Agencies: 1, Missing: true})
	if err == nil || !strings.Contains(err.Error(), "no es un archivo común") {
		t.Errorf("error %v", err)
	}
}
