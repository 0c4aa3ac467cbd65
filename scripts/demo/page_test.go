package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// TestDemoLeavesPage runs the demo with the programs that it builds itself.
func TestDemoLeavesPage(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, temp := t.TempDir(), t.TempDir()
	writeZip(t, data)
	page := filepath.Join(t.TempDir(), "una corrida.html")
	cmd := exec.Command(self, "-dir", data, "-agencias", "3", "-cronologia", page)
	cmd.Env = append(os.Environ(), fakeVariable+"=none", "TMPDIR="+temp)
	d := &demoRun{Process: processtest.Start(t, cmd), temp: temp}
	if status := d.Wait(); status != 0 {
		t.Fatalf("status %d: %s", status, d.stderr())
	}
	d.leftNothing(t)
	text, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(text), `<th scope="row">agencia 3</th><td>1</td><td>100</td>`) {
		t.Errorf("%v; a page of %d bytes lacks the third agency's totals", err, len(text))
	}
	if !strings.Contains(d.stdout(), page) {
		t.Errorf("the demo does not name the page:\n%s", d.stdout())
	}
}

func TestPageArguments(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(t.TempDir(), "no", "a.html")
	for _, c := range []struct {
		args    []string
		status  int
		mention string
	}{
		{[]string{"-cronologia", "a.html", "-server", program, "-client", program}, 2, "no va con -server"},
		{[]string{"-cronologia", "a.html", "-tls"}, 2, "-tls y -cronologia no van juntos"},
		{[]string{"-cronologia", missing}, 1, missing},
		{[]string{"-cronologia", t.TempDir()}, 1, "no se reemplaza"},
	} {
		var errs bytes.Buffer
		if status := run(c.args, os.Stdout, &errs); status != c.status || !strings.Contains(errs.String(), c.mention) {
			t.Errorf("%q: status %d, said %q", c.args, status, errs.String())
		}
	}
}
