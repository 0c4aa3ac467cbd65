package agency

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv/betcsvtest"
)

// The agency checks its data file before it connects.
func TestDataFileIsCheckedFirst(t *testing.T) {
	dir := t.TempDir()
	open := func(name string) error {
		_, err := Run(t.Context(), 1, name, nil, Options{})
		return err
	}
	if err := open(dir); err == nil || !strings.Contains(err.Error(), dir+": is a folder") {
		t.Errorf("a folder: %v", err)
	}
	missing := filepath.Join(dir, "agency-9.csv")
	if err := open(missing); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), missing) || !strings.Contains(err.Error(), "make datos") {
		t.Errorf("missing: %v", err)
	}
	closed := filepath.Join(dir, "closed.csv")
	if err := os.WriteFile(closed, nil, 0); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		return // root can read everything
	}
	if err := open(closed); err == nil || !strings.Contains(err.Error(), "chmod a+r "+closed) {
		t.Errorf("not readable: %v", err)
	}
}

// The error for a text that is too long for a message names the line.
func TestTooLongTextNamesItsLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bets := betcsvtest.Numbered(3)
		bets[1].Document = strings.Repeat("1", 256)
		wantFailure(t, new(central), writeDataFile(t, bets), "agency-1.csv, line 2: too long: document of 256 bytes, at most 255", 1,
			Options{RetryDeadline: time.Minute})
	})
}
