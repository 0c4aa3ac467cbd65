package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/dataset"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/table"
)

// bench is where, and with what, the measurements are made.
type bench struct {
	dir      string         // everything that is made goes here
	self     string         // this program, for its parts
	programs []string       // folders: of what is measured, and of what to compare it with
	official []dataset.File // the course's data, or synthetic ones of the same sizes
}

// newBench builds what is to be measured, unless it is given, and makes the data
// in dir; zips is the folder where the course's zip may be.
func newBench(ctx context.Context, opts options, dir, zips string) (b *bench, err error) {
	b = &bench{dir: dir, programs: []string{opts.programs}}
	if b.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if opts.programs == "" {
		b.programs[0] = dir
		if err := process.Build(ctx, dir, false, "server", "client"); err != nil {
			return nil, err
		}
	}
	if opts.against != "" {
		b.programs = append(b.programs, opts.against)
	}
	for i := range b.programs { // they will run in another folder
		if b.programs[i], err = filepath.Abs(b.programs[i]); err != nil {
			return nil, err
		}
	}
	b.official, err = dataset.Fill(ctx, dataset.Options{Dir: filepath.Join(dir, "official"), Source: zips, Agencies: 5, Seed: 7574})
	return b, err
}

// measurement is one repetition of a scenario: the floor, and then a run of each
// of bench.programs.
type measurement struct {
	floor time.Duration
	runs  []outcome
}

// outcome is what one run took.
type outcome struct {
	elapsed time.Duration // from the start of the first agency to the exit of the last
	server  int64         // peak memory in bytes
	client  int64         // that of the largest client
}

// measureAll runs every scenario once, then all again, and so on, so that a short
// disturbance of the machine does not hit one scenario only.
func (b *bench) measureAll(ctx context.Context, opts options, progress io.Writer) ([]result, error) {
	results := make([]result, len(opts.scenarios))
	for repetition := range opts.repetitions {
		for i, s := range opts.scenarios {
			fmt.Fprintf(progress, "%d/%d %s…", repetition+1, opts.repetitions, s.name)
			in, err := b.input(s)
			if err != nil {
				return nil, err
			}
			m, err := b.measure(ctx, s, in, repetition)
			if err != nil {
				return nil, fmt.Errorf("escenario %s: %w", s.name, err)
			}
			for _, run := range m.runs {
				fmt.Fprintf(progress, " %s s", table.Decimal(run.elapsed.Seconds(), 3))
			}
			fmt.Fprintf(progress, " (piso %s s)\n", table.Decimal(m.floor.Seconds(), 3))
			results[i].scenario, results[i].bets = s, in.bets
			results[i].measurements = append(results[i].measurements, m)
		}
	}
	return results, nil
}

// measure makes one repetition of a scenario. The programs take turns in being
// the first after the floor.
func (b *bench) measure(ctx context.Context, s scenario, in input, repetition int) (measurement, error) {
	m := measurement{runs: make([]outcome, len(b.programs))}
	floor := b.floor
	if s.restart {
		floor = readWithLibrary
	}
	var err error
	if m.floor, err = floor(ctx, in); err != nil {
		return m, err
	}
	for i := range b.programs {
		turn := (i + repetition) % len(b.programs)
		if m.runs[turn], err = b.lottery(ctx, s, in, b.programs[turn]); err != nil {
			return m, err
		}
	}
	return m, nil
}

// runAll starts commands and waits until all have ended well while the server,
// if any, runs. It returns them, and the time from the first start to the last
// exit.
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
