package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/dataset"
)

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   spread
	}{
		{nil, spread{}},
		{[]float64{3}, spread{3, 3, 3}},
		{[]float64{3, 1}, spread{2, 1, 3}},
		{[]float64{9, 1, 2}, spread{2, 1, 9}},
	} {
		if got := spreadOf(c.values); got != c.want {
			t.Errorf("%v: %v, want %v", c.values, got, c.want)
		}
	}
}

func TestChoose(t *testing.T) {
	if all, err := choose("", false); err != nil || len(all) != len(scenarios) {
		t.Errorf("all: %d, %v", len(all), err)
	}
	if quick, err := choose("", true); err != nil || len(quick) == 0 || len(quick) == len(scenarios) {
		t.Errorf("quick: %d, %v", len(quick), err)
	}
	if two, err := choose("50x, oficial", true); err != nil || len(two) != 2 || two[0].name != "50x" {
		t.Errorf("two: %v, %v", two, err)
	}
	if _, err := choose("51x", false); err == nil {
		t.Error("took a scenario that does not exist")
	}
}

// someResults are of every scenario, in 2 s each beside a floor of 0.5 s.
func someResults() []result {
	runs := map[string][]measurement{}
	for _, s := range scenarios {
		m := measurement{bets: 1e6, floor: time.Second / 2, elapsed: 2 * time.Second, connected: time.Second, server: 20 << 20, client: 10 << 20}
		if s.sync {
			m.floorSync = time.Second
		}
		if s.name == emptyCrowd {
			m.bets, m.elapsed = 0, time.Second
		}
		runs[s.name] = []measurement{m, m}
	}
	return summarize(scenarios, runs)
}

func TestReport(t *testing.T) {
	var out strings.Builder
	if err := report(&out, someResults(), options{repetitions: 2}, "de prueba"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| 78.697 apuestas, durable | 1.000.000 | 2,000 | 500.000 | 0,500 | 0,25 | ≥ 0,10 ✓ | 20 / 10 MiB |",
		"| 50 veces esas, sin fsync | 1.000.000 | 2,000 | 500.000 | 0,500 | 0,25 | ≥ 0,40 ✗ | 20 / 10 MiB |",
		"| 78.697 apuestas, durable | 1,000 | 0,50 |",
		"| 200x | 1.000.000 | 1,00 | 1,00 |",
		"Con 1.000 agencias: 1,00 veces las apuestas/s que con cinco (10x); meta: al menos 0,50. Tantas agencias sin apuestas tardan 1,000 s; el resto del tiempo lleva 2,00 veces",
		"El arranque sobre un archivo de 1.000.000 apuestas, con su sorteo, lleva 2,00 s",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestDrawing(t *testing.T) {
	image := drawing(someResults())
	for decoder := xml.NewDecoder(bytes.NewReader(image)); ; {
		if _, err := decoder.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, image)
		}
	}
	if n := bytes.Count(image, []byte(`class="bar"`)); n != len(scenarios) {
		t.Errorf("%d bars for %d scenarios", n, len(scenarios))
	}
}

// TestLoads makes small loads and counts what is in them.
func TestLoads(t *testing.T) {
	dir := t.TempDir()
	l := &laboratory{dir: dir, loads: map[load]*data{}, base: []dataset.File{
		{Agency: 1, Path: filepath.Join(dir, "a"), Size: dataset.Size{Bets: 2, Winners: 1}},
		{Agency: 2, Path: filepath.Join(dir, "b"), Size: dataset.Size{Bets: 1}},
	}}
	first, second := "Ana,Paz,1,1990-01-01,7574\r\nEva,Paz,2,1990-01-01,17574\r\n", "León,Paz,3,1990-01-01,1\r\n"
	for name, content := range map[string]string{"a": first, "b": second} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	thrice, err := l.prepare(t.Context(), load{times: 3})
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(thrice.files[0])
	if err != nil || string(got) != strings.Repeat(first, 3) || thrice.bets != 9 || thrice.winners != 3 || thrice.bytes != int64(3*len(first+second)) {
		t.Errorf("%+v (%v) with %q", thrice, err, got)
	}
	crowd, err := l.prepare(t.Context(), load{agencies: 4, bets: 2})
	if err != nil {
		t.Fatal(err)
	}
	if crowd.bets != 8 || crowd.winners != 3 || len(crowd.files) != 4 {
		t.Errorf("%+v", crowd)
	}
	if got, err := os.ReadFile(crowd.files[1]); err != nil || string(got) != second+strings.SplitAfter(first, "\n")[0] {
		t.Errorf("agency 2 has %q (%v)", got, err)
	}
	if again, _ := l.prepare(t.Context(), load{times: 3}); again != thrice {
		t.Error("a load was made twice")
	}
}

func TestCheck(t *testing.T) {
	stored := filepath.Join(t.TempDir(), "bets.csv")
	if err := os.WriteFile(stored, []byte("a\r\nb\r\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := check(stored, &data{bets: 2, winners: 1}, 1); err != nil {
		t.Error(err)
	}
	for _, input := range []data{{bets: 3, winners: 1}, {bets: 2, winners: 2}} {
		if check(stored, &input, 1) == nil {
			t.Errorf("accepted for %+v", input)
		}
	}
}

// TestBench runs one real scenario to the end.
func TestBench(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the programs")
	}
	dir := t.TempDir()
	svg := filepath.Join(dir, "out.svg")
	var out, errs strings.Builder
	args := []string{"-repeticiones", "1", "-escenarios", "oficial", "-dir", filepath.Join(dir, ".data"), "-svg", svg}
	if status := run(args, &out, &errs); status != 0 || !strings.Contains(out.String(), "78.697 apuestas, durable") {
		t.Fatalf("status %d: %s%s", status, out.String(), errs.String())
	}
	if _, err := os.Stat(svg); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, ".data")); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestMemory runs twenty times the official sizes: it takes neither program more
// than 64 MiB, nor the client more than five times the sizes do.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the programs")
	}
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a process's peak memory")
	}
	const most, noise = 64 << 20, 4 << 20
	l := &laboratory{dir: t.TempDir(), loads: map[load]*data{}}
	if err := process.Build(t.Context(), l.dir, false, "server", "client"); err != nil {
		t.Fatal(err)
	}
	peak := func(times int) (m measurement) {
		s := scenario{load: load{times: times}}
		input, err := l.prepare(t.Context(), s.load)
		if err == nil {
			err = l.lottery(t.Context(), s, input, &m)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d times: server %d, largest client %d bytes", times, m.server, m.client)
		return m
	}
	some, many := peak(5), peak(20)
	if some.server == 0 || some.client == 0 {
		t.Fatal("the memory was not measured")
	}
	if many.server > most || many.client > most || many.client > some.client+noise {
		t.Error("more memory than is due")
	}
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{{"-repeticiones", "0"}, {"-escenarios", "nada"}, {"x"}} {
		if status := run(args, io.Discard, io.Discard); status != 2 {
			t.Errorf("%q: status %d", args, status)
		}
	}
}
