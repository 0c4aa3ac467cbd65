package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
)

// outcome is what a lottery has left.
type outcome struct {
	storage string        // the path of bets.csv
	elapsed time.Duration // from the start of the first agency to the exit of the last
	pause   time.Duration // the longest without a stored bet, after a kill; 0 without one
}

// lottery runs the processes to their end.
func lottery(ctx context.Context, opts options, dir string, agencies []*agency, stdout *os.File) (o outcome, err error) {
	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o755); err != nil {
		return o, err
	}
	progress := newProgress(stdout, agencies)
	system := newSystem(opts, work, agencies, progress)
	defer system.kill()
	if err := system.start(ctx); err != nil {
		return o, err
	}
	fmt.Fprintf(stdout, "  %s\n\n", system.describe())

	progress.begin()
	start := time.Now()
	err = upload(ctx, opts.client, work, system, agencies)
	o.elapsed = time.Since(start)
	if err == nil {
		err = system.stop(ctx)
	}
	if err != nil {
		system.kill()
	}
	progress.end() // the centrals' last lines have been read
	if err == nil {
		o.pause = system.longestPause()
		o.storage, err = system.bets(ctx)
	}
	return o, err
}

// upload runs the agencies until all have ended, and sets how many winners each
// was told.
func upload(ctx context.Context, program, dir string, system system, agencies []*agency) error {
	var started []*process.Process
	defer func() { process.Stop(started...) }()
	for _, a := range agencies {
		p, err := process.Start(fmt.Sprintf("la agencia %d", a.Agency), process.Command(program, dir,
			"CLI_ID="+strconv.Itoa(a.Agency),
			"CLI_SERVER_ADDRESS="+system.addresses(),
			"CLI_DATA_FILE="+a.Path,
		), nil)
		if err != nil {
			return err
		}
		started = append(started, p)
	}
	if err := process.WaitAll(ctx, system.only(), started...); err != nil {
		return err
	}
	for i, p := range started {
		var ok bool
		if agencies[i].winners, ok = winners(p.Lines()); !ok {
			return p.Failure("terminó sin conocer a sus ganadores")
		}
	}
	return nil
}

var winnersLine = regexp.MustCompile(`action: consulta_ganadores \| result: success \| cant_ganadores: (\d+)`)

// winners finds how many winners a client was told.
func winners(log []string) (n int, ok bool) {
	match := winnersLine.FindStringSubmatch(strings.Join(log, "\n"))
	if match == nil {
		return 0, false
	}
	n, err := strconv.Atoi(match[1])
	return n, err == nil
}
