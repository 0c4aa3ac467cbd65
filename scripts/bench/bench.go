package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity/authority"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/dataset"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/table"
)

// bench holds the programs and the data of the measurements.
type bench struct {
	dir      string         // the folder for all files that bench makes
	self     string         // this program, for its subcommands
	folders  []string       // of the programs to measure, and of those to compare with
	official []dataset.File // the course's data, or synthetic data of the same sizes
}

// newBench builds the programs to measure, unless opts names their folder, and makes the
// data in dir. The course's zip may be in the folder zips.
func newBench(ctx context.Context, opts options, dir, zips string) (b *bench, err error) {
	b = &bench{dir: dir, folders: []string{opts.programs}}
	if b.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if opts.programs == "" {
		b.folders[0] = dir
		if err := process.Build(ctx, dir, false, "server", "client"); err != nil {
			return nil, err
		}
	}
	if opts.against != "" {
		b.folders = append(b.folders, opts.against)
	}
	for i := range b.folders { // the programs run in another folder
		if b.folders[i], err = filepath.Abs(b.folders[i]); err != nil {
			return nil, err
		}
	}
	if err := authority.Fill(b.certificates(), 5, time.Now()); err != nil {
		return nil, err
	}
	b.official, err = dataset.Fill(ctx, dataset.Options{Dir: filepath.Join(dir, "official"), Source: zips, Agencies: 5, Seed: 7574})
	return b, err
}

// certificates is the folder of the certificates of the scenarios with TLS.
func (b *bench) certificates() string { return filepath.Join(b.dir, "certificados") }

// measurement is one repetition of a scenario: the floor, and one run of the programs in
// each of bench.folders.
type measurement struct {
	floor time.Duration
	runs  []outcome // in the order of bench.folders
}

// outcome is the result of one run.
type outcome struct {
	elapsed time.Duration   // from the start of the first agency to the exit of the last
	server  int64           // the server's peak memory in bytes
	client  int64           // the largest peak memory of a client in bytes
	waits   []time.Duration // for acknowledgements, where the scenario measures them
}

// describe returns the measured times as a text.
func (m measurement) describe() string {
	text := ""
	for _, run := range m.runs {
		if len(run.waits) > 0 {
			text += fmt.Sprintf(" %s ms", milliseconds(slices.Max(run.waits)))
		} else {
			text += fmt.Sprintf(" %s s", table.Decimal(run.elapsed.Seconds(), 3))
		}
	}
	if m.floor == 0 {
		return text
	}
	return text + fmt.Sprintf(" (piso %s s)", table.Decimal(m.floor.Seconds(), 3))
}

// measureAll measures all scenarios once, then all of them again, and so on. So a short
// disturbance of the machine does not change all measurements of one scenario.
func (b *bench) measureAll(ctx context.Context, opts options, stderr io.Writer) ([]result, error) {
	results := make([]result, len(opts.scenarios))
	for repetition := range opts.repetitions {
		for i, s := range opts.scenarios {
			fmt.Fprintf(stderr, "%d/%d %s…", repetition+1, opts.repetitions, s.name)
			in, err := b.makeInput(s)
			if err != nil {
				return nil, err
			}
			m, err := b.measure(ctx, s, in, repetition)
			if err != nil {
				return nil, fmt.Errorf("escenario %s: %w", s.name, err)
			}
			fmt.Fprintln(stderr, m.describe())
			results[i].scenario, results[i].bets = s, in.bets
			results[i].measurements = append(results[i].measurements, m)
		}
	}
	return results, nil
}

// measure makes one repetition of a scenario. In each repetition the programs of another
// folder run first.
func (b *bench) measure(ctx context.Context, s scenario, in input, repetition int) (measurement, error) {
	m := measurement{runs: make([]outcome, len(b.folders))}
	measureFloor := b.floorOfLottery
	if s.restart {
		measureFloor = floorOfRestart
	}
	if !s.hasFloor() {
		measureFloor = func(context.Context, input) (time.Duration, error) { return 0, nil }
	}
	var err error
	if m.floor, err = measureFloor(ctx, in); err != nil {
		return m, err
	}
	for n := range b.folders {
		i := (n + repetition) % len(b.folders)
		if m.runs[i], err = b.runLottery(ctx, s, in, b.folders[i]); err != nil {
			return m, err
		}
	}
	return m, nil
}

// runAll starts commands and waits until all have ended. It fails if one of them fails,
// or if the server ends; the server may be nil. It returns the processes, and the time
// from the first start to the last exit.
func runAll(ctx context.Context, server *process.Process, commands []*exec.Cmd) ([]*process.Process, time.Duration, error) {
	var running []*process.Process
	begin := time.Now()
	for _, cmd := range commands {
		p, err := process.Start(filepath.Base(cmd.Path), cmd, nil)
		if err != nil {
			process.Stop(running...)
			return nil, 0, err
		}
		p.WatchMemory()
		running = append(running, p)
	}
	err := process.WaitAll(ctx, server, running...)
	elapsed := time.Since(begin)
	process.Stop(running...)
	return running, elapsed, err
}
