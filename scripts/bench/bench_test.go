package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/dataset"
)

// TestMain makes the test binary run the subcommands of bench.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && subcommands[os.Args[1]] != nil {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestChoose(t *testing.T) {
	if all, err := choose(""); err != nil || len(all) != len(scenarios) {
		t.Errorf("all: %d, %v", len(all), err)
	}
	if two, err := choose("50x, oficial"); err != nil || len(two) != 2 || two[0].name != "50x" || two[1].name != "oficial" {
		t.Errorf("two: %v, %v", two, err)
	}
	if _, err := choose("51x"); err == nil {
		t.Error("took a scenario that does not exist")
	}
}

// Another version, to compare with, may know no cluster.
func TestClustersAreLeftOutOfAComparison(t *testing.T) {
	for args, want := range map[string]bool{"": true, "-contra x": false, "-contra x -escenarios cluster": true} {
		opts, err := parse(strings.Fields(args), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.ContainsFunc(opts.scenarios, func(s scenario) bool { return s.cluster }); got != want {
			t.Errorf("%q measures a cluster: %v", args, got)
		}
	}
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{{"-repeticiones", "0"}, {"-escenarios", "nada"}, {"x"}} {
		if status := run(args, io.Discard, io.Discard); status != 2 {
			t.Errorf("%q: status %d", args, status)
		}
	}
	var said strings.Builder
	if status := run([]string{"-h"}, io.Discard, &said); status != 0 || !strings.HasPrefix(said.String(), "Uso: bench ") {
		t.Errorf("-h: status %d, says %q", status, said.String())
	}
}

// someResults returns a result for every scenario: the floor is 0.5 s, and a million bets
// take 2 s, or 4 s with the programs to compare with.
func someResults() []result {
	var results []result
	for _, s := range scenarios {
		m := measurement{floor: time.Second / 2, runs: []outcome{
			{elapsed: 2 * time.Second, server: 20 << 20, client: 10 << 20},
			{elapsed: 4 * time.Second, server: 30 << 20, client: 10 << 20},
		}}
		bets := 1_000_000
		if s.times == 0 {
			bets = 0
		}
		if !s.hasFloor() {
			m.runs[0].waits = []time.Duration{3 * time.Millisecond, time.Second, 2 * time.Millisecond}
		}
		if s.name == "cluster-log-10x" { // in other proportions
			m.runs[0] = outcome{elapsed: 8 * time.Second, server: 30 << 20, waits: []time.Duration{6 * time.Millisecond}}
		}
		results = append(results, result{s, bets, []measurement{m, m}})
	}
	return results
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []time.Duration
		want   float64
	}{
		{[]time.Duration{3}, 3},
		{[]time.Duration{3, 1}, 2},
		{[]time.Duration{9, 1, 2}, 2},
	} {
		var r result
		for _, v := range c.values {
			r.measurements = append(r.measurements, measurement{floor: v * time.Second})
		}
		if got := r.floor(); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.values, got, c.want)
		}
	}
}

func TestReport(t *testing.T) {
	var out strings.Builder
	if err := report(&out, someResults(), options{repetitions: 2, against: "viejos"}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	for _, want := range []string{
		"78.697 apuestas, con fsync 1.000.000 0,500 2,000 500.000 0,25 ≥ 0,10 20 10",
		"mil agencias sin apuestas 0 0,500 2,000 0 0,25 20 10",
		"200 veces esas, sin fsync 50 veces esas, sin fsync 1,00 ≥ 0,80",
		"mil agencias, sin fsync 2,000 4,000 2,00 20 30",
		"50 veces esas, tres centrales 50 veces esas, con fsync 1,00 ≥ 0,40",
		"un batch por vez, tres centrales 3,0 1.000,0 1.000,0",
		"muere quien dirige el log 1.000,0 ≤ 6.000",
		"un batch por vez, mediana (ms) 3,0 6,0 2,00 ≤ 1,50",
		"arranque de una central (ms) 2.000,0 8.000,0 4,00 ≤ 2,00",
		"memoria de una central (MiB) 20,0 30,0 1,50 ≤ 1,50",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// TestLog fills a log. A further central starts with what it holds.
func TestLog(t *testing.T) {
	if _, err := natsserver.Build(t.Context()); err != nil {
		t.Skipf("there is no nats-server: %v", err)
	}
	b := buildBench(t)
	if o := b.mustRun(t, scenario{sync: true, cluster: true, latency: true, entries: 100}); len(o.waits) != timedBatches || o.elapsed <= 0 || o.server == 0 {
		t.Errorf("measured %+v", o)
	}
}

func TestReportOfSome(t *testing.T) {
	var out strings.Builder
	if err := report(&out, someResults()[:1], options{repetitions: 2}); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"viejo", "50 veces", "espera"} {
		if strings.Contains(out.String(), word) {
			t.Errorf("%q in\n%s", word, out.String())
		}
	}
}

func TestChart(t *testing.T) {
	got := chart(someResults()[7:9])
	want := "```mermaid\nxychart-beta horizontal\n" +
		"  title \"Apuestas por segundo, respecto del piso\"\n" +
		"  x-axis [\"mil agencias, con fsync\"]\n" +
		"  y-axis \"el piso = 1\" 0 --> 1\n" +
		"  bar [0.25]\n```\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// smallBench returns a bench with two official files of a few bets.
func smallBench(t *testing.T) *bench {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{dir: t.TempDir(), self: self}
	for i, content := range []string{
		"Ana,Paz,1,1990-01-01,7574\r\nEva,Paz,2,1990-01-01,1757\r\n",
		"León,Paz,3,1990-01-01,1\r\n",
	} {
		file := dataset.File{Agency: i + 1, Path: filepath.Join(b.dir, strconv.Itoa(i)), Size: dataset.Size{Bets: 2 - i, Winners: 1 - i}}
		if err := os.WriteFile(file.Path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		b.official = append(b.official, file)
	}
	return b
}

func TestInput(t *testing.T) {
	b := smallBench(t)
	one, err := os.ReadFile(b.official[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	two, err := os.ReadFile(b.official[1].Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		scenario scenario
		files    int
		first    []byte
		bets     int
		winners  int
		bytes    int
	}{
		{scenario{times: 3}, 2, bytes.Repeat(one, 3), 9, 3, 3 * (len(one) + len(two))},
		{scenario{times: 1, agencies: 4}, 4, two, 4, 0, 4 * len(two)},
		{scenario{agencies: 4}, 4, nil, 0, 0, 0},
	} {
		for range 2 { // the second time the files exist
			in, err := b.makeInput(c.scenario)
			if err != nil {
				t.Fatal(err)
			}
			first, err := os.ReadFile(in.files[0])
			if err != nil || !bytes.Equal(first, c.first) || len(in.files) != c.files {
				t.Errorf("%+v: %d files, the first with %q (%v)", c.scenario, len(in.files), first, err)
			}
			if in.bets != c.bets || in.winners != c.winners || in.bytes != int64(c.bytes) {
				t.Errorf("%+v: %+v", c.scenario, in)
			}
		}
	}
}

func TestFloorOfRestart(t *testing.T) {
	b := smallBench(t)
	in, err := b.makeInput(scenario{times: 3})
	if err != nil {
		t.Fatal(err)
	}
	if elapsed, err := floorOfRestart(t.Context(), in); err != nil || elapsed <= 0 {
		t.Errorf("%v, %v", elapsed, err)
	}
	for _, wrong := range []input{
		{files: in.files, bets: in.bets + 1, winners: in.winners},
		{files: in.files, bets: in.bets, winners: in.winners - 1},
		{files: []string{filepath.Join(b.dir, "none")}},
	} {
		if _, err := floorOfRestart(t.Context(), wrong); err == nil {
			t.Errorf("accepted for %+v", wrong)
		}
	}
}

// TestFloorBytes sends files of several sizes at once, and checks that every byte
// arrives.
func TestFloorBytes(t *testing.T) {
	dir := t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	received, err := os.Create(filepath.Join(dir, "received"))
	if err != nil {
		t.Fatal(err)
	}
	defer received.Close()
	go receive(listener, received)
	var want []byte
	results := make(chan error)
	for i, size := range []int{0, 1, frameSize, frameSize + 1, 10*frameSize + 7} {
		content := bytes.Repeat([]byte{'a' + byte(i)}, size)
		want = append(want, content...)
		path := filepath.Join(dir, strconv.Itoa(i))
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		go func() { results <- sendFiles([]string{listener.Addr().String(), path}) }()
	}
	for range senders {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	got, err := os.ReadFile(received.Name())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got) // the senders' frames are mixed
	if !bytes.Equal(got, want) {
		t.Errorf("received %d bytes, not the %d that were sent", len(got), len(want))
	}
}

func TestFloorOfLottery(t *testing.T) {
	b := smallBench(t)
	in, err := b.makeInput(scenario{times: 3})
	if err != nil {
		t.Fatal(err)
	}
	if elapsed, err := b.floorOfLottery(t.Context(), in); err != nil || elapsed <= 0 {
		t.Errorf("%v, %v", elapsed, err)
	}
	in.bytes++
	if _, err := b.floorOfLottery(t.Context(), in); err == nil {
		t.Error("accepted a byte less than there is")
	}
	in.files = []string{filepath.Join(b.dir, "none")}
	if _, err := b.floorOfLottery(t.Context(), in); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("a file that does not exist: %v", err)
	}
}

func TestCheck(t *testing.T) {
	stored := filepath.Join(t.TempDir(), "bets.csv")
	if err := os.WriteFile(stored, []byte("a\r\nb\r\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	rows, err := countRows(stored)
	if rows != 2 || err != nil {
		t.Errorf("%d rows, %v", rows, err)
	}
	winners := countWinners([]string{
		"2024-08-21 22:11:15 INFO     action: consulta_ganadores | result: success | cant_ganadores: 3 | client_id: 2",
		"2024-08-21 22:11:15 INFO     action: consulta_ganadores | result: success | cant_ganadores: 12",
		"2024-08-21 22:11:15 INFO     action: exit | result: success",
	})
	if winners != 15 {
		t.Errorf("%d winners, want 15", winners)
	}
	if err := (input{bets: 2, winners: 15}).check(rows, winners); err != nil {
		t.Error(err)
	}
	for _, in := range []input{{bets: 3, winners: 15}, {bets: 2, winners: 14}} {
		if in.check(rows, winners) == nil {
			t.Errorf("accepted for %+v", in)
		}
	}
}

// buildBench returns a bench with both programs and with synthetic data of the official
// sizes.
func buildBench(t *testing.T) *bench {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs the programs")
	}
	dir := t.TempDir()
	b, err := newBench(t.Context(), options{}, dir, dir)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// mustRun runs a scenario's lottery.
func (b *bench) mustRun(t *testing.T, s scenario) outcome {
	t.Helper()
	in, err := b.makeInput(s)
	if err != nil {
		t.Fatal(err)
	}
	o, err := b.runLottery(t.Context(), s, in, b.dir)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestBench measures two scenarios, and compares the programs with themselves.
func TestBench(t *testing.T) {
	b := buildBench(t)
	work := filepath.Join(t.TempDir(), ".data")
	var out, errs strings.Builder
	args := []string{"-repeticiones", "2", "-escenarios", "oficial,mil", "-dir", work, "-contra", b.dir}
	if status := run(args, &out, &errs); status != 0 {
		t.Fatalf("status %d: %s%s", status, out.String(), errs.String())
	}
	for _, want := range []string{"78.697 apuestas, con fsync", "mil agencias, sin fsync", "nuevo/viejo", "xychart-beta"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if left, err := os.ReadDir(work); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestCluster kills the leader of the log at half of an upload that is long enough for
// bets to be missing then.
func TestCluster(t *testing.T) {
	if _, err := natsserver.Build(t.Context()); err != nil {
		t.Skipf("there is no nats-server: %v", err)
	}
	b := buildBench(t)
	if o := b.mustRun(t, scenario{times: 5, sync: true, cluster: true, leaderDies: true}); len(o.waits) != 1 || o.waits[0] <= 0 || o.elapsed <= o.waits[0] {
		t.Errorf("it took %v, and the pauses were %v", o.elapsed, o.waits)
	}
}

func TestLatency(t *testing.T) {
	b := buildBench(t)
	if o := b.mustRun(t, scenario{sync: true, latency: true}); len(o.waits) != timedBatches || slices.Min(o.waits) <= 0 {
		t.Errorf("%d batches were timed", len(o.waits))
	}
}

// TestOneOfTheProgramsFails tries to measure programs that do not exist.
func TestOneOfTheProgramsFails(t *testing.T) {
	var errs strings.Builder
	args := []string{"-repeticiones", "1", "-escenarios", "oficial", "-dir", t.TempDir(), "-programas", "/no/existe"}
	if status := run(args, io.Discard, &errs); status != 1 || !strings.Contains(errs.String(), "/no/existe/server") {
		t.Errorf("status %d: %s", status, errs.String())
	}
}

func TestRestart(t *testing.T) {
	b := buildBench(t)
	if o := b.mustRun(t, scenario{times: 2, restart: true}); o.elapsed <= 0 || o.client != 0 {
		t.Errorf("measured %+v", o)
	}
}

// TestMissingBet expects one bet more than the files have.
func TestMissingBet(t *testing.T) {
	b := buildBench(t)
	s := scenario{times: 1}
	in, err := b.makeInput(s)
	if err != nil {
		t.Fatal(err)
	}
	in.bets++
	if _, err := b.runLottery(t.Context(), s, in, b.dir); err == nil {
		t.Error("accepted a bet less than there is")
	}
}

// TestMemory uploads the official data twenty times over. Each program needs at most
// 64 MiB, and the client no more than for the data five times over.
func TestMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux shows a process's peak memory")
	}
	const most, noise = 64 << 20, 4 << 20
	b := buildBench(t)
	five, twenty := b.mustRun(t, scenario{times: 5}), b.mustRun(t, scenario{times: 20})
	t.Logf("5 times: %+v; 20 times: %+v", five, twenty)
	if five.server == 0 || five.client == 0 {
		t.Fatal("the memory was not measured")
	}
	if twenty.server > most || twenty.client > most || twenty.client > five.client+noise {
		t.Error("too much memory")
	}
}

// TestSubcommandFails sends to a port on which no process listens.
func TestSubcommandFails(t *testing.T) {
	b := smallBench(t)
	_, _, err := runAll(t.Context(), nil, []*exec.Cmd{exec.Command(b.self, "send", "127.0.0.1:1")})
	if err == nil || !strings.Contains(err.Error(), "bench send: ") {
		t.Errorf("error is %v, want that of the subcommand", err)
	}
}
