package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/cluster"
)

// central is what the agencies of a run upload to.
type central interface {
	address() string // where agencies connect; several are separated by commas

	// only returns the one central, without which the run cannot go on; nil if there
	// are several.
	only() *process.Process

	stop(ctx context.Context) error
	memory() int64          // peak, in bytes
	waits() []time.Duration // the longest pause after a leader's death, if one was killed
	bets() (int, error)     // how many are stored, after stop
	kill()
}

// startCentral starts the central of a scenario, or several of them.
func (b *bench) startCentral(ctx context.Context, s scenario, in input, programs, dir string) (central, error) {
	if s.cluster {
		return startSeveral(ctx, s, in, programs, dir)
	}
	server, address, err := b.startServer(ctx, s, in, programs, dir)
	if err != nil {
		return nil, err
	}
	return &embedded{server, address, dir}, nil
}

// embedded is one central with a file.
type embedded struct {
	server   *process.Process
	listener string
	dir      string
}

func (e *embedded) address() string        { return e.listener }
func (e *embedded) only() *process.Process { return e.server }
func (e *embedded) memory() int64          { return e.server.PeakMemory() }
func (e *embedded) waits() []time.Duration { return nil }
func (e *embedded) bets() (int, error)     { return countRows(filepath.Join(e.dir, "bets.csv")) }
func (e *embedded) kill()                  { e.server.Kill() }

func (e *embedded) stop(context.Context) error {
	process.Stop(e.server)
	return e.server.Err()
}

// replicated is several centrals over a log in NATS servers.
type replicated struct {
	*cluster.Cluster
	leaderDies bool
}

func startSeveral(ctx context.Context, s scenario, in input, programs, dir string) (central, error) {
	options := cluster.Options{Server: filepath.Join(programs, "server"), Dir: dir, Agencies: len(in.files), Bets: in.bets}
	if s.leaderDies {
		options.Halfway = func(ctx context.Context, c *cluster.Cluster) error {
			_, err := c.KillLeader(ctx)
			return err
		}
	}
	c, err := cluster.Start(ctx, options)
	if err != nil {
		return nil, err
	}
	if err := fill(ctx, c.Log(), s.entries); err != nil {
		c.Kill()
		return nil, err
	}
	return &replicated{c, s.leaderDies}, nil
}

func (r *replicated) address() string                { return r.Addresses() }
func (r *replicated) only() *process.Process         { return nil }
func (r *replicated) memory() int64                  { return r.PeakMemory() }
func (r *replicated) stop(ctx context.Context) error { return r.Stop(ctx) }
func (r *replicated) kill()                          { r.Kill() }

func (r *replicated) waits() []time.Duration {
	if !r.leaderDies {
		return nil
	}
	return []time.Duration{r.LongestPause()}
}

func (r *replicated) bets() (int, error) {
	bets, ok := r.Drawn()
	if !ok {
		return 0, fmt.Errorf("ninguna central registró el sorteo")
	}
	return bets, nil
}
