package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/dataset"
)

// demoRun is a demo in a process of its own, whose programs are fakes.
type demoRun struct {
	cmd       *exec.Cmd
	out, errs *bytes.Buffer
	temp      string   // its TMPDIR
	alive     *os.File // at end of file when the demo and its children are gone
}

// writeZip makes a small dataset.zip of three agencies: 300, 200 and 100 bets.
func writeZip(t *testing.T, dir string) {
	t.Helper()
	var content bytes.Buffer
	w := zip.NewWriter(&content)
	for agency := 1; agency <= 3; agency++ {
		f, err := w.Create(fmt.Sprintf("agency-%d.csv", agency))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 400 - 100*agency {
			number := i
			if i < agency { // as many winners as its id
				number = 7574
			}
			fmt.Fprintf(f, "José,Núñez,%08d,1990-02-28,%d\r\n", 2_000_000*agency+i, number)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "dataset.zip"), content.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// startDemo starts the demo. Its standard output is watched for a text, whose
// arrival closes seen.
func startDemo(t *testing.T, fault, watch string, args ...string) (d *demoRun, seen chan struct{}) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	writeZip(t, data)
	d = &demoRun{out: new(bytes.Buffer), errs: new(bytes.Buffer), temp: t.TempDir()}
	d.cmd = exec.Command(self, append([]string{"-dir", data, "-server", self, "-client", self}, args...)...)
	d.cmd.Env = append(os.Environ(), fakeVariable+"="+fault, "TMPDIR="+d.temp, "GORACE=atexit_sleep_ms=0",
		"NOMBRE=Ana", "CLI_MODE=bet")
	seen = make(chan struct{})
	d.cmd.Stdout = &watcher{to: d.out, text: watch, seen: seen}
	d.cmd.Stderr = d.errs
	alive, inherited, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { alive.Close() })
	d.alive = alive
	d.cmd.ExtraFiles = []*os.File{inherited} // all its descendants inherit it too
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	inherited.Close()
	return d, seen
}

// end waits for the demo and returns its exit status.
func (d *demoRun) end(t *testing.T) int {
	t.Helper()
	d.cmd.Wait()
	d.alive.SetReadDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.ReadAll(d.alive); err != nil {
		t.Errorf("a process was left running: %v", err)
	}
	return d.cmd.ProcessState.ExitCode()
}

func (d *demoRun) leftNothing(t *testing.T) {
	t.Helper()
	if left, err := filepath.Glob(filepath.Join(d.temp, "*")); err != nil || len(left) > 0 {
		t.Errorf("files were left: %q %v", left, err)
	}
}

type watcher struct {
	to   *bytes.Buffer
	text string
	seen chan struct{}
	done bool
}

func (w *watcher) Write(p []byte) (int, error) {
	w.to.Write(p)
	if !w.done && w.text != "" && strings.Contains(w.to.String(), w.text) {
		w.done = true
		close(w.seen)
	}
	return len(p), nil
}

func TestDemo(t *testing.T) {
	d, _ := startDemo(t, "none", "", "-agencias", "3")
	if status := d.end(t); status != 0 {
		t.Fatalf("status %d: %s", status, d.errs)
	}
	d.leftNothing(t)
	for _, row := range []string{
		`(?m)^ +agencia +apuestas enviadas +ganadores$`,
		`(?m)^ +1 +300 +1$`, `(?m)^ +2 +200 +2$`, `(?m)^ +3 +100 +3$`,
		`(?m)^ +total +600 +6$`, `Tiempo +[0-9.,]+ s`, `Velocidad +[0-9.]+ apuestas por segundo`,
		`Datos +los del curso`, `600 de 600 apuestas almacenadas`,
	} {
		if !regexp.MustCompile(row).MatchString(d.out.String()) {
			t.Errorf("no %s in\n%s", row, d.out)
		}
	}
	for _, line := range strings.Split(d.out.String(), "\n") {
		if n := len([]rune(line)); n > 80 && !strings.Contains(line, os.TempDir()) {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestDemoFailures(t *testing.T) {
	for _, c := range []struct {
		fault   string
		mention []string
	}{
		{"server-config", []string{"el servidor", "SERVER_PORT: fuera de rango"}},
		{"server-dies", []string{"disco lleno"}},
		{"client-fails", []string{"la agencia 2", "archivo ilegible"}},
		{"client-forgets", []string{"sin conocer a sus ganadores"}},
		{"server-loses", []string{"LA VERIFICACIÓN FALLÓ", "bets.csv"}},
		{"server-changes", []string{"LA VERIFICACIÓN FALLÓ", "bets.csv"}},
	} {
		t.Run(c.fault, func(t *testing.T) {
			d, _ := startDemo(t, c.fault, "", "-agencias", "3")
			status := d.end(t)
			d.leftNothing(t)
			if status != 1 || strings.Contains(d.out.String(), "total") {
				t.Errorf("status %d, said:\n%s", status, d.out)
			}
			if c.fault == "server-dies" {
				return // which of the dead is reported is a matter of time
			}
			for _, text := range c.mention {
				if !strings.Contains(d.errs.String(), text) {
					t.Errorf("no %q in: %s", text, d.errs)
				}
			}
		})
	}
}

// TestDemoInterrupted stops the demo at several moments.
func TestDemoInterrupted(t *testing.T) {
	for _, c := range []struct {
		name, fault, moment string
		signal              syscall.Signal
	}{
		{"at its first word", "none", "Lotería", syscall.SIGINT},
		{"when the server listens", "server-silent", "Servidor", syscall.SIGTERM},
		{"before the draw", "server-silent", "600 de 600", syscall.SIGINT},
		{"with a server that does not stop", "server-deaf", "600 de 600", syscall.SIGHUP},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d, seen := startDemo(t, c.fault, c.moment, "-agencias", "3")
			<-seen
			if err := d.cmd.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			status := d.end(t)
			d.leftNothing(t)
			if status != 128+int(c.signal) && !(c.fault == "none" && status == 0) {
				t.Errorf("status %d; said %s%s", status, d.out, d.errs)
			}
		})
	}
}

// TestDemoKilled checks that the children do not outlive a demo that could not
// stop them.
func TestDemoKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends the children of a killed process")
	}
	d, seen := startDemo(t, "server-silent", "600 de 600", "-agencias", "3")
	<-seen
	if err := d.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	d.end(t)
}

func TestSource(t *testing.T) {
	course, synthetic := dataset.File{Origin: dataset.Course}, dataset.File{}
	for want, files := range map[string][]dataset.File{
		"los del curso": {course, course}, "sintéticos, semilla 3 (no hay": {synthetic}, "(1) y sintéticos, semilla 3 (2)": {course, synthetic, synthetic},
	} {
		if got := source(files, options{seed: 3, zips: ".data"}); !strings.Contains(got, want) {
			t.Errorf("%q does not say %q", got, want)
		}
	}
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{
		{"-agencias", "0"}, {"-agencias", "201"}, {"-agencias", "x"}, {"5"}, {"-server", "a"},
		{"-server", "/no/existe", "-client", "/no/existe"},
	} {
		var errs bytes.Buffer
		if status := run(args, os.Stdout, &errs); status != 2 || errs.Len() == 0 {
			t.Errorf("%q: status %d, said %q", args, status, errs.String())
		}
	}
}
