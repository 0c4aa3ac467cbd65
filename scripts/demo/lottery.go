package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/demo/timeline"
)

// lottery runs the processes to their end and returns the path of bets.csv and
// the time from the start of the first agency to the exit of the last.
func lottery(ctx context.Context, opts options, dir string, agencies []*agency, stdout *os.File) (storage string, elapsed time.Duration, err error) {
	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o755); err != nil {
		return "", 0, err
	}
	port, err := process.FreePort()
	if err != nil {
		return "", 0, err
	}
	storage = filepath.Join(work, "bets.csv")
	progress := newProgress(stdout, agencies)
	server, err := process.Start("el servidor", serverCommand(opts, storage, port, len(agencies)), func(line string) {
		if agency, bets, ok := stored(line); ok {
			progress.add(agency, bets)
		}
	})
	if err != nil {
		return "", 0, err
	}
	defer process.Stop(server)
	if err := waitUntilItListens(ctx, server); err != nil {
		return "", 0, err
	}
	fmt.Fprintf(stdout, "  Servidor  en 127.0.0.1:%d, espera a %s para el sorteo\n\n", port, plural(len(agencies), "agencia"))

	progress.begin()
	start := time.Now()
	err = upload(ctx, opts.client, work, port, server, agencies)
	elapsed = time.Since(start)
	process.Stop(server)
	progress.end() // the server's last lines have been read
	if err == nil {
		err = server.Err()
	}
	return storage, elapsed, err
}

func serverCommand(opts options, storage string, port, agencies int) *exec.Cmd {
	return process.Command(opts.server, filepath.Dir(storage),
		"SERVER_PORT="+strconv.Itoa(port),
		"SERVER_LISTEN_BACKLOG="+strconv.Itoa(maxAgencies), // all agencies may dial at once
		"SERVER_AGENCIES="+strconv.Itoa(agencies),
		"SERVER_STORAGE="+storage,
		"SERVER_STORAGE_SYNC=true",
		timeline.DataVariable+"="+opts.data)
}

// startLimit is how long the server may take to listen, on a loaded machine.
const startLimit = 30 * time.Second

// waitUntilItListens fails if agencies cannot connect within startLimit.
func waitUntilItListens(ctx context.Context, server *process.Process) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	_, err := server.WaitLines(ctx, "action: accept_connections | result: in_progress", 1)
	return err
}

// upload runs the agencies until all have ended, and sets how many winners each
// was told.
func upload(ctx context.Context, program, dir string, port int, server *process.Process, agencies []*agency) error {
	var started []*process.Process
	defer func() { process.Stop(started...) }()
	for _, a := range agencies {
		p, err := process.Start(fmt.Sprintf("la agencia %d", a.Agency), process.Command(program, dir,
			"CLI_ID="+strconv.Itoa(a.Agency),
			"CLI_SERVER_ADDRESS=127.0.0.1:"+strconv.Itoa(port),
			"CLI_DATA_FILE="+a.Path,
		), nil)
		if err != nil {
			return err
		}
		started = append(started, p)
	}
	if err := process.WaitAll(ctx, server, started...); err != nil {
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

var (
	storedLine  = regexp.MustCompile(`action: apuesta_recibida \| result: success \| cantidad: (\d+) \| agencia: (\d+)`)
	winnersLine = regexp.MustCompile(`action: consulta_ganadores \| result: success \| cant_ganadores: (\d+)`)
)

// stored reads the server's line about a stored batch.
func stored(line string) (agency, bets int, ok bool) {
	match := storedLine.FindStringSubmatch(line)
	if match == nil {
		return 0, 0, false
	}
	bets, betsErr := strconv.Atoi(match[1])
	agency, agencyErr := strconv.Atoi(match[2])
	return agency, bets, betsErr == nil && agencyErr == nil
}

// winners finds how many winners a client was told.
func winners(log []string) (n int, ok bool) {
	match := winnersLine.FindStringSubmatch(strings.Join(log, "\n"))
	if match == nil {
		return 0, false
	}
	n, err := strconv.Atoi(match[1])
	return n, err == nil
}
