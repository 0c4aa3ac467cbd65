package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/demo/timeline"
)

// system is what the agencies upload to: one central, or several with the servers that
// hold their log. It adds the bets that it stores to the progress.
type system interface {
	// start returns when agencies can connect.
	start(ctx context.Context) error

	// describe returns the text that tells where it listens.
	describe() string

	// addresses is the value of CLI_SERVER_ADDRESS.
	addresses() string

	// only returns the one central, without which the lottery cannot go on; nil if
	// there are several.
	only() *process.Process

	// stop stops the centrals.
	stop(ctx context.Context) error

	// bets returns the path of bets.csv, after stop.
	bets(ctx context.Context) (string, error)

	// longestPause returns the longest time without a stored bet after a kill, after
	// stop; 0 if nothing is killed.
	longestPause() time.Duration

	// kill ends all processes that still run.
	kill()
}

func newSystem(opts options, dir string, agencies []*agency, progress progress) system {
	if !opts.cluster {
		return &single{opts: opts, dir: dir, agencies: len(agencies), progress: progress}
	}
	c := &cluster{opts: opts, dir: dir, agencies: len(agencies), progress: progress}
	for _, a := range agencies {
		c.total += a.Bets
	}
	return c
}

// single is one central, which stores the bets in a file.
type single struct {
	opts     options
	dir      string
	agencies int
	progress progress

	port    int
	central *process.Process // nil before start
}

func (s *single) start(ctx context.Context) (err error) {
	if s.port, err = process.FreePort(); err != nil {
		return err
	}
	settings := append(centralSettings(s.port, s.agencies),
		"SERVER_STORAGE="+s.storage(),
		"SERVER_STORAGE_SYNC=true",
		timeline.DataVariable+"="+s.opts.data)
	s.central, err = startCentral("el servidor", process.Command(s.opts.server, s.dir, settings...), s.progress.add)
	if err != nil {
		return err
	}
	return waitUntilItListens(ctx, s.central)
}

func (s *single) storage() string { return filepath.Join(s.dir, "bets.csv") }

func (s *single) describe() string { return "Servidor  en " + s.addresses() }

func (s *single) addresses() string { return loopback(s.port) }

func (s *single) only() *process.Process { return s.central }

func (s *single) stop(context.Context) error {
	process.Stop(s.central)
	return s.central.Err()
}

func (s *single) bets(context.Context) (string, error) { return s.storage(), nil }

func (s *single) longestPause() time.Duration { return 0 }

func (s *single) kill() {
	if s.central != nil {
		process.Stop(s.central)
	}
}

// centralSettings are the settings of every central.
func centralSettings(port, agencies int) []string {
	return []string{
		"SERVER_PORT=" + strconv.Itoa(port),
		"SERVER_LISTEN_BACKLOG=" + strconv.Itoa(maxAgencies), // all agencies may dial at once
		"SERVER_AGENCIES=" + strconv.Itoa(agencies),
	}
}

// startCentral calls add with each stored batch.
func startCentral(name string, cmd *exec.Cmd, add func(agency, bets int)) (*process.Process, error) {
	return process.Start(name, cmd, func(line string) {
		if agency, bets, ok := stored(line); ok {
			add(agency, bets)
		}
	})
}

func loopback(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

// startLimit is how long a central may take to listen, on a loaded machine.
const startLimit = time.Minute

// waitUntilItListens fails if agencies cannot connect within startLimit.
func waitUntilItListens(ctx context.Context, central *process.Process) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	_, err := central.WaitLines(ctx, "action: accept_connections | result: in_progress", 1)
	return err
}
