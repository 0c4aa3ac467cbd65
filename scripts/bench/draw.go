package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/dataset"
)

// drawName is the scenario of a start with its draw, over drawTimes the official
// data (10 million bets).
const (
	drawName  = "sorteo"
	drawTimes = 128
)

// measureDraw compares a start and its draw with reading the same file through
// encoding/csv, which takes the place of the floor. Each is a process of its own.
func (l *laboratory) measureDraw(ctx context.Context) (measurement, error) {
	bets := filepath.Join(l.dir, "draw.csv")
	if l.base == nil {
		if err := l.makeBase(ctx); err != nil {
			return measurement{}, err
		}
	}
	if _, err := os.Stat(bets); err != nil {
		if err := l.makeBets(ctx, bets); err != nil {
			return measurement{}, err
		}
	}
	size := dataset.Total(l.base)
	want := fmt.Sprintf("apuestas %d ganadores %d", drawTimes*size.Bets, drawTimes*size.Winners)
	m := measurement{bets: drawTimes * size.Bets}
	var err error
	if m.floor, m.client, err = l.timed(ctx, want, "-csv", "-archivo", bets); err != nil {
		return m, err
	}
	m.elapsed, m.server, err = l.timed(ctx, want, "-archivo", bets)
	m.connected = m.elapsed
	return m, err
}

// timed runs the program sorteo and returns the time that it tells and its peak
// memory.
func (l *laboratory) timed(ctx context.Context, want string, args ...string) (time.Duration, int64, error) {
	p, err := process.Start("sorteo", exec.Command(filepath.Join(l.dir, "sorteo"), args...), nil)
	if err != nil {
		return 0, 0, err
	}
	p.WatchMemory()
	if err := process.WaitAll(ctx, nil, p); err != nil {
		process.Stop(p)
		return 0, 0, err
	}
	said := strings.Join(p.Lines(), "\n")
	result, took, _ := strings.Cut(said, " en ")
	elapsed, err := time.ParseDuration(took)
	if err != nil || result != want {
		return 0, 0, fmt.Errorf("sorteo dijo %q y debía decir %q y el tiempo", said, want)
	}
	return elapsed, p.PeakMemory(), nil
}

// makeBets writes what the server would store.
func (l *laboratory) makeBets(ctx context.Context, path string) error {
	_, err := writeSynced(path, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 64<<10)
		for range drawTimes {
			if err := ctx.Err(); err != nil {
				return err
			}
			for _, file := range l.base {
				if err := prefixed(out, file); err != nil {
					return err
				}
			}
		}
		return out.Flush()
	})
	return err
}

// prefixed writes a data file's rows with the agency before each.
func prefixed(w io.Writer, file dataset.File) error {
	in, err := os.Open(file.Path)
	if err != nil {
		return err
	}
	defer in.Close()
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if _, err := fmt.Fprintf(w, "%d,%s\r\n", file.Agency, lines.Bytes()); err != nil {
			return err
		}
	}
	return lines.Err()
}
