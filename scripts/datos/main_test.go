package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".data")
	var out, errs strings.Builder
	if status := run(context.Background(), []string{"-dir", dir, "-agencias", "6", "-semilla", "3"}, &out, &errs); status != 0 || errs.Len() > 0 {
		t.Fatalf("status %d: %s", status, errs.String())
	}
	for _, want := range []string{"agencia", "26.936", "sintético (semilla 3)", "total"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 7 { // and the list of them
		t.Errorf("%d files made, %v", len(entries), err)
	}
}

func TestRunRefuses(t *testing.T) {
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, "dataset.zip"), []byte("nada"), 0o644); err != nil {
		t.Fatal(err)
	}
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "agency-2.csv"), []byte("mía"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		status int
	}{
		{[]string{"-agencias", "cinco"}, 2},
		{[]string{"-agencias", "-1"}, 2},
		{[]string{"5"}, 2},
		{[]string{"-dir", damaged}, 1},
		{[]string{"-dir", foreign}, 1},
		{[]string{"-h"}, 0},
	} {
		var out, errs strings.Builder
		if status := run(context.Background(), c.args, &out, &errs); status != c.status || errs.Len() == 0 {
			t.Errorf("%q: status %d, want %d; said %q", c.args, status, c.status, errs.String())
		}
	}
}
