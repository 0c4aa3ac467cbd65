package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity/authority"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/cluster"
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

	// finish waits until the centrals have told all agencies their winners. Then it
	// stops them, unless there is a board to be watched.
	finish(ctx context.Context) error

	// bets returns the path of bets.csv, after finish.
	bets(ctx context.Context) (string, error)

	// longestPause returns the longest time without a stored bet after a kill, after
	// finish; 0 if nothing is killed.
	longestPause() time.Duration

	// kill ends all processes that still run.
	kill()
}

func newSystem(opts options, dir string, agencies []*agency, progress progress) system {
	if !opts.cluster {
		return &single{opts: opts, dir: dir, agencies: len(agencies), progress: progress}
	}
	return newSeveral(opts, dir, agencies, progress)
}

// centralEnv are the settings of a central's certificate, if there are certificates.
func (o options) centralEnv() []string {
	if o.certificates == "" {
		return nil
	}
	return authority.CentralEnv(o.certificates)
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
	cmd := process.Command(s.opts.server, s.dir,
		"SERVER_PORT="+strconv.Itoa(s.port),
		"SERVER_LISTEN_BACKLOG="+strconv.Itoa(maxAgencies), // all agencies may dial at once
		"SERVER_AGENCIES="+strconv.Itoa(s.agencies),
		"SERVER_STORAGE="+s.storage(),
		"SERVER_STORAGE_SYNC=true",
		timeline.DataVariable+"="+s.opts.data)
	cmd.Env = append(cmd.Env, s.opts.centralEnv()...)
	if s.opts.board != "" {
		cmd.Env = append(cmd.Env, "SERVER_ADMIN_ADDRESS="+s.opts.board, "SERVER_PUBLISH_DELAY="+boardDelay)
	}
	s.central, err = process.Start("el servidor", cmd, func(line string) {
		if agency, bets, ok := cluster.ParseStored(line); ok {
			s.progress.add(agency, bets)
		}
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	return cluster.AwaitListening(ctx, s.central)
}

func (s *single) storage() string { return filepath.Join(s.dir, "bets.csv") }

func (s *single) describe() string {
	return fmt.Sprintf("Servidor  en %s, espera a %s para el sorteo", s.addresses(), plural(s.agencies, "agencia"))
}

func (s *single) addresses() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

func (s *single) only() *process.Process { return s.central }

func (s *single) finish(ctx context.Context) error {
	if s.opts.board != "" {
		_, err := s.central.WaitLines(ctx, "action: ganadores_enviados | result: success", s.agencies)
		return err
	}
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

// startLimit is how long the central may take to listen, on a loaded machine.
const startLimit = 30 * time.Second
