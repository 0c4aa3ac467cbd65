package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".data", "certificados")
	var out, errs strings.Builder
	if status := run([]string{"-dir", dir, "-agencias", "3"}, &out, &errs); status != 0 || errs.Len() > 0 {
		t.Fatalf("status %d: %s", status, errs.String())
	}
	if !strings.Contains(out.String(), "3 agencias") {
		t.Errorf("it says %q", out.String())
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 5 { // the authority's key, the central's, the agencies'
		t.Errorf("%d entries, %v", len(entries), err)
	}
}

func TestHelp(t *testing.T) {
	var said strings.Builder
	if status := run([]string{"-h"}, io.Discard, &said); status != 0 || !strings.HasPrefix(said.String(), "Uso: certificados ") {
		t.Errorf("status %d, says %q", status, said.String())
	}
}

func TestRunRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args   []string
		status int
	}{
		{[]string{"-agencias", "tres"}, 2},
		{[]string{"-agencias", "-1"}, 2},
		{[]string{"-agencias", "4097"}, 2},
		{[]string{"más"}, 2},
		{[]string{"-dir", file}, 1},
	} {
		var out, errs strings.Builder
		if status := run(tt.args, &out, &errs); status != tt.status || errs.Len() == 0 || out.Len() > 0 {
			t.Errorf("%q: status %d, %q, %q", tt.args, status, out.String(), errs.String())
		}
	}
}
