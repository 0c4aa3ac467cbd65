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

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/dataset"
)

// demoRun is a demo in a process of its own, whose programs are fakes.
type demoRun struct {
	*processtest.Process
	temp  string   // its TMPDIR
	alive *os.File // at its end when the demo and its children have ended
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

func startDemo(t *testing.T, fault string, more ...string) *demoRun {
	t.Helper()
	data := t.TempDir()
	writeZip(t, data)
	return startDemoOn(t, data, fault, more...)
}

func startDemoOn(t *testing.T, data, fault string, more ...string) *demoRun {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	cmd := exec.Command(self, "-dir", data, "-server", self, "-client", self, "-agencias", "3")
	cmd.Args = append(cmd.Args, more...)
	cmd.Env = append(os.Environ(), fakeVariable+"="+fault, "TMPDIR="+temp, "GORACE=atexit_sleep_ms=0",
		"NOMBRE=Ana", "CLI_MODE=bet")
	alive, inherited, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { alive.Close() })
	cmd.ExtraFiles = []*os.File{inherited} // the demo's children inherit it too
	p := processtest.Start(t, cmd)
	inherited.Close()
	return &demoRun{Process: p, temp: temp, alive: alive}
}

// end waits for the demo and its children, and returns the demo's exit status.
func (d *demoRun) end(t *testing.T) int {
	t.Helper()
	status := d.Wait()
	d.alive.SetReadDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.ReadAll(d.alive); err != nil {
		t.Errorf("a process was left running: %v", err)
	}
	return status
}

func (d *demoRun) stdout() string { return strings.Join(d.Lines(), "\n") }
func (d *demoRun) stderr() string { return strings.Join(d.ErrorLines(), "\n") }

func (d *demoRun) leftNothing(t *testing.T) {
	t.Helper()
	if left, err := filepath.Glob(filepath.Join(d.temp, "*")); err != nil || len(left) > 0 {
		t.Errorf("files were left: %q %v", left, err)
	}
}

func TestDemo(t *testing.T) {
	d := startDemo(t, "none")
	if status := d.end(t); status != 0 {
		t.Fatalf("status %d: %s", status, d.stderr())
	}
	d.leftNothing(t)
	for _, row := range []string{
		`(?m)^ +agencia +apuestas enviadas +ganadores$`,
		`(?m)^ +1 +300 +1$`, `(?m)^ +2 +200 +2$`, `(?m)^ +3 +100 +3$`,
		`(?m)^ +total +600 +6$`, `Tiempo +[0-9.,]+ s`, `Velocidad +[0-9.]+ apuestas por segundo`,
		`Datos +zip del curso en .+ \(3 agencias\)`, `600 de 600 apuestas almacenadas`,
	} {
		if !regexp.MustCompile(row).MatchString(d.stdout()) {
			t.Errorf("no %s in\n%s", row, d.stdout())
		}
	}
	for _, line := range d.Lines() {
		if n := len([]rune(line)); n > 80 && !strings.Contains(line, os.TempDir()) {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// An agency's file that is there comes before the zip. It is used where it is, also
// when the folder's name is relative: the agencies run in another folder.
func TestDemoUsesTheFilesThatAreThere(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("data", 0o755); err != nil {
		t.Fatal(err)
	}
	writeZip(t, "data")
	const row = "Ana,Paz,00000001,1990-02-28,7574\n"
	if err := os.WriteFile(dataset.Path("data", 2), []byte(row), 0o644); err != nil {
		t.Fatal(err)
	}
	d := startDemoOn(t, "data", "none")
	if status := d.end(t); status != 0 {
		t.Fatalf("status %d: %s", status, d.stderr())
	}
	for _, want := range []string{
		`(?m)^ +1 +300 +1$`, `(?m)^ +2 +1 +1$`, `(?m)^ +3 +100 +3$`,
		`Datos +archivos de data \(una agencia\), zip del curso en data \(2 agencias\)\n`,
	} {
		if !regexp.MustCompile(want).MatchString(d.stdout()) {
			t.Errorf("no %s in\n%s", want, d.stdout())
		}
	}
	if kept, err := os.ReadFile(dataset.Path("data", 2)); string(kept) != row {
		t.Errorf("the file is now %q, %v", kept, err)
	}
}

// With TLS every program gets certificates of its own.
func TestDemoWithCertificates(t *testing.T) {
	d := startDemo(t, "tls", "-tls")
	if status := d.end(t); status != 0 || !strings.Contains(d.stdout(), "TLS ") || !strings.Contains(d.stdout(), "total") {
		t.Fatalf("status %d: %s%s", status, d.stdout(), d.stderr())
	}
	d.leftNothing(t)
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
			d := startDemo(t, c.fault)
			status := d.end(t)
			d.leftNothing(t)
			if status != 1 || strings.Contains(d.stdout(), "total") {
				t.Errorf("status %d, said:\n%s", status, d.stdout())
			}
			if c.fault == "server-dies" {
				return // the demo reports the server or an agency, whichever it sees first
			}
			for _, text := range c.mention {
				if !strings.Contains(d.stderr(), text) {
					t.Errorf("no %q in: %s", text, d.stderr())
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
		{"with a server that does not stop", "server-ignores-sigterm", "600 de 600", syscall.SIGHUP},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := startDemo(t, c.fault)
			d.Await(c.moment)
			d.Signal(c.signal)
			status := d.end(t)
			d.leftNothing(t)
			if status != 128+int(c.signal) && !(c.fault == "none" && status == 0) {
				t.Errorf("status %d; said %s%s", status, d.stdout(), d.stderr())
			}
		})
	}
}

// TestDemoWithBoard checks that the results are shown while the board is still open,
// and that to close it is no failure. The lottery may also be interrupted before.
func TestDemoWithBoard(t *testing.T) {
	d := startDemo(t, "none", "-tablero")
	d.Await("Tablero   en http://127.0.0.1:")
	d.Await("Verificado")
	d.Await("sigue en http://127.0.0.1:")
	d.Signal(syscall.SIGINT)
	if status := d.end(t); status != 0 {
		t.Errorf("status %d: %s", status, d.stderr())
	}
	d.leftNothing(t)

	d = startDemo(t, "server-silent", "-tablero")
	d.Await("600 de 600")
	d.Signal(syscall.SIGINT)
	if status := d.end(t); status != 128+int(syscall.SIGINT) {
		t.Errorf("interrupted before the draw: status %d: %s", status, d.stderr())
	}
	d.leftNothing(t)
}

// TestDemoKilled checks that the children do not outlive a demo that could not
// stop them.
func TestDemoKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends the children of a killed process")
	}
	d := startDemo(t, "server-silent")
	d.Await("600 de 600")
	d.Signal(syscall.SIGKILL)
	d.end(t)
}

func TestDescribeSource(t *testing.T) {
	kept, course, synthetic := dataset.File{Origin: dataset.Kept}, dataset.File{Origin: dataset.Course}, dataset.File{}
	for want, files := range map[string][]dataset.File{
		"archivos de .data (2 agencias)":                                                                             {kept, kept},
		"zip del curso en .data (2 agencias)":                                                                        {course, course},
		"sintéticos, semilla 3 (en .data no hay archivos ni zip)":                                                    {synthetic},
		"zip del curso en .data (una agencia), sintéticos, semilla 3 (2 agencias)":                                   {course, synthetic, synthetic},
		"archivos de .data (una agencia), zip del curso en .data (una agencia), sintéticos, semilla 3 (una agencia)": {kept, course, synthetic},
	} {
		if got := describeSource(files, options{seed: 3, source: ".data"}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{
		{"-agencias", "0"}, {"-agencias", "201"}, {"-agencias", "x"}, {"5"}, {"-server", "a"},
		{"-cluster", "-cronologia", "x.html"}, {"-cluster", "-tablero"},
		{"-server", "/no/existe", "-client", "/no/existe"}, {"-tablero", "-cronologia", "x.html"},
	} {
		var errs bytes.Buffer
		if status := run(args, os.Stdout, &errs); status != 2 || errs.Len() == 0 {
			t.Errorf("%q: status %d, said %q", args, status, errs.String())
		}
	}
}

func TestHelp(t *testing.T) {
	var said bytes.Buffer
	status := run([]string{"-h"}, os.Stdout, &said)
	if status != 0 || !strings.HasPrefix(said.String(), "Uso: demo ") || !strings.Contains(said.String(), "(por defecto 5)") {
		t.Errorf("status %d, says %q", status, said.String())
	}
}

func TestWinners(t *testing.T) {
	const start = "2024-08-21 22:11:15 INFO     "
	waiting := start + "action: consulta_ganadores | result: in_progress"
	if n, ok := winners([]string{waiting, start + "action: consulta_ganadores | result: success | cant_ganadores: 3"}); n != 3 || !ok {
		t.Errorf("read %d %v", n, ok)
	}
	if _, ok := winners([]string{waiting}); ok {
		t.Error("took waiting for an answer")
	}
}
