package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/cluster"
)

// several is several centrals over a log in NATS servers. In the middle of the upload it
// kills the central that has stored most, and the NATS server that leads the log.
type several struct {
	options cluster.Options
	cluster *cluster.Cluster // nil before start

	mu       sync.Mutex // guards progress
	progress progress
}

func newSeveral(opts options, dir string, agencies []*agency, progress progress) *several {
	s := &several{progress: progress}
	s.options = cluster.Options{Server: opts.server, Settings: opts.centralEnv(), Dir: dir, Agencies: len(agencies), Stored: s.add, Halfway: s.killOneOfEach}
	for _, a := range agencies {
		s.options.Bets += a.Bets
	}
	return s
}

func (s *several) start(ctx context.Context) (err error) {
	s.cluster, err = cluster.Start(ctx, s.options)
	return err
}

func (s *several) describe() string {
	addresses := strings.ReplaceAll(s.addresses(), ",", "\n            ")
	return fmt.Sprintf("NATS      %d servidores, cada uno con todas las apuestas\n  Centrales %s", s.cluster.Servers(), addresses)
}

func (s *several) addresses() string { return s.cluster.Addresses() }

func (s *several) only() *process.Process { return nil }

func (s *several) add(agency, bets int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress.add(agency, bets)
}

func (s *several) killOneOfEach(ctx context.Context, c *cluster.Cluster) error {
	central := c.KillBusiest()
	leader, err := c.KillLeader(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress.note(fmt.Sprintf("  kill -9 a %s, la central que más guardó, y a %s, que dirige el log", central, leader))
	return nil
}

func (s *several) finish(ctx context.Context) error { return s.cluster.Stop(ctx) }

func (s *several) bets(ctx context.Context) (string, error) { return s.cluster.Export(ctx) }

func (s *several) longestPause() time.Duration { return s.cluster.LongestPause() }

func (s *several) kill() {
	if s.cluster != nil {
		s.cluster.Kill()
	}
}
