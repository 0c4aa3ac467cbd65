package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/dataset"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/table"
)

// laboratory is where the measurements are made.
type laboratory struct {
	dir    string // the programs are here, and everything that is made
	zips   string // where the course's zip may be
	batch  int    // bets in a batch; 0 = the client's default
	base   []dataset.File
	origin string // of the base, for the report
	loads  map[load]*data
}

// measurement is one run of a scenario, and of its floor just before.
type measurement struct {
	bets      int
	floor     time.Duration // nothing forced to disk
	floorSync time.Duration // one fsync at the end; 0 = not measured
	elapsed   time.Duration // from the start of the first agency to the exit of the last
	connected time.Duration // from the first connection on
	server    int64         // peak memory in bytes
	client    int64         // that of the largest client
}

// measureAll runs every scenario once, then all again, and so on: what disturbs
// the machine for a while does not fall on one of them.
func (l *laboratory) measureAll(ctx context.Context, opts options, progress io.Writer) (map[string][]measurement, error) {
	runs := make(map[string][]measurement)
	for repetition := range opts.repetitions {
		for _, s := range opts.scenarios {
			fmt.Fprintf(progress, "%d/%d %s… ", repetition+1, opts.repetitions, s.name)
			m, err := l.measure(ctx, s)
			if err != nil {
				return nil, fmt.Errorf("escenario %s: %w", s.name, err)
			}
			fmt.Fprintf(progress, "%s s (piso %s s)\n", table.Decimal(m.elapsed.Seconds(), 3), table.Decimal(m.floor.Seconds(), 3))
			runs[s.name] = append(runs[s.name], m)
		}
	}
	return runs, nil
}

// measure makes one measurement of a scenario.
func (l *laboratory) measure(ctx context.Context, s scenario) (measurement, error) {
	if s.name == drawName {
		return l.measureDraw(ctx)
	}
	input, err := l.prepare(ctx, s.load)
	if err != nil {
		return measurement{}, err
	}
	m := measurement{bets: input.bets}
	if m.floor, err = l.floor(ctx, input, false); err != nil {
		return m, err
	}
	if s.sync {
		if m.floorSync, err = l.floor(ctx, input, true); err != nil {
			return m, err
		}
	}
	return m, l.lottery(ctx, s, input, &m)
}
