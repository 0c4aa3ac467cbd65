package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/demo/timeline"
)

// writePage leaves the page of the recorded lottery and returns its path.
func writePage(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cronologia.html")
	page, err := timeline.NewPage(path)
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	if err := page.Write(record(t)); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPageNeedsNothingElse(t *testing.T) {
	text, err := os.ReadFile(writePage(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, outside := range []string{`https?:`, `\ssrc\s*=`, `\shref\s*=`, `@import`, `url\([^#]`, `(?i)<link`, `import\(`, `fetch\(`, `ZgotmplZ`} {
		if found := regexp.MustCompile(outside).Find(text); found != nil {
			t.Errorf("the page has %q", found)
		}
	}
	for _, part := range []string{`<html lang="es">`, "<style>", `<th scope="row">agencia 3</th><td>1</td><td>7</td>`, "prefers-color-scheme: dark"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("the page lacks %s", part)
		}
	}
}

// A browser runs the page's script without an error, and draws every lane.
func TestPageInBrowser(t *testing.T) {
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && browser == "" {
			browser = path
		}
	}
	if browser == "" {
		t.Skip("no chromium: the page's script is not run")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,900",
		"--user-data-dir="+t.TempDir(), "--enable-logging=stderr", "--dump-dom", "file://"+writePage(t))
	var log strings.Builder
	cmd.Stderr = &log
	dom, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	for _, part := range []string{
		`data-lane="agencia 1"`, `data-lane="agencia 2"`, `data-lane="agencia 3"`, `data-lane="central"`, `data-lane="disco"`,
		`class="m batch"`, `class="m ack"`, `class="m sync"`, `class="down"`, `class="up"`,
		"BATCH de la agencia", "→ group commit en bets.csv", "→ ACK con stored",
	} {
		if !strings.Contains(string(dom), part) {
			t.Errorf("the drawn page lacks %s", part)
		}
	}
	if strings.Contains(log.String(), "Uncaught") || strings.Contains(string(dom), "NaN") || strings.Contains(string(dom), "undefined</") {
		t.Errorf("the script failed: %s", log.String())
	}
}
