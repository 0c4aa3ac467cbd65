package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica/jetstream"
)

// centrals is how many centrals a cluster has.
const centrals = 3

// cluster is several centrals over a log that three NATS servers replicate. As soon as
// half of the bets are stored, it kills the central that has stored most, and the NATS
// server that leads the log.
type cluster struct {
	opts     options
	dir      string
	agencies int
	total    int // bets of all agencies
	progress progress

	nats     *natsserver.Cluster // nil before start
	log      *jetstream.Log      // which knows the leader; nil before start
	centrals []*process.Process
	ports    []int
	halfway  chan struct{} // closed when half of the bets are stored
	killed   chan error    // gets the result of killHalfway

	mu     sync.Mutex // guards what follows, and progress
	stored [centrals]int
	last   time.Time     // when bets were stored last; zero before the kill
	pause  time.Duration // the longest since then without a stored bet
}

func (c *cluster) start(ctx context.Context) error {
	if err := c.startNATS(ctx); err != nil {
		return err
	}
	c.halfway, c.killed = make(chan struct{}), make(chan error, 1)
	for i := range centrals {
		port, err := process.FreePort()
		if err != nil {
			return err
		}
		central, err := startCentral("la central "+centralName(i), c.command(port), func(agency, bets int) { c.add(i, agency, bets) })
		if err != nil {
			return err
		}
		c.centrals, c.ports = append(c.centrals, central), append(c.ports, port)
	}
	for _, central := range c.centrals {
		if err := waitUntilItListens(ctx, central); err != nil {
			return err
		}
	}
	log, err := jetstream.Open(ctx, jetstream.Options{
		Servers: strings.Split(c.nats.URLs(), ","), Monitors: strings.Split(c.nats.Monitors(), ","), Agencies: c.agencies,
	})
	if err != nil {
		return err
	}
	c.log = log
	go func() { c.killed <- c.killHalfway(ctx) }()
	return nil
}

// startNATS builds nats-server, unless an earlier run has left it in the user's cache,
// and starts three of them.
func (c *cluster) startNATS(ctx context.Context) error {
	program, err := natsserver.Build(ctx)
	if err != nil {
		return fmt.Errorf("no se pudo compilar nats-server %s; la primera vez hace falta red para bajarlo:\n%w", natsserver.Version, err)
	}
	if c.nats, err = natsserver.New(program, c.dir, "always"); err != nil {
		return err
	}
	return c.nats.Start()
}

func centralName(i int) string { return fmt.Sprintf("server%d", i+1) }

// command runs the central's program with some arguments.
func (c *cluster) command(port int, args ...string) *exec.Cmd {
	cmd := process.Command(c.opts.server, c.dir, append(centralSettings(port, c.agencies),
		"SERVER_CLUSTER="+c.nats.URLs(), "SERVER_CLUSTER_MONITOR="+c.nats.Monitors())...)
	cmd.Args = append(cmd.Args, args...)
	return cmd
}

func (c *cluster) describe() string {
	return fmt.Sprintf("NATS      %d servidores, cada uno con todas las apuestas\n  Centrales %s", len(c.nats.Servers), c.addresses())
}

func (c *cluster) addresses() string {
	var addresses []string
	for _, port := range c.ports {
		addresses = append(addresses, loopback(port))
	}
	return strings.Join(addresses, ",")
}

func (c *cluster) only() *process.Process { return nil }

// add adds bets that a central has stored.
func (c *cluster) add(central, agency, bets int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.progress.add(agency, bets)
	if now := time.Now(); !c.last.IsZero() {
		c.pause, c.last = max(c.pause, now.Sub(c.last)), now
	}
	before := c.sum()
	c.stored[central] += bets
	if half := (c.total + 1) / 2; before < half && before+bets >= half {
		close(c.halfway)
	}
}

// sum returns how many bets are stored. The caller holds mu.
func (c *cluster) sum() int {
	sum := 0
	for _, bets := range c.stored {
		sum += bets
	}
	return sum
}

func (c *cluster) killHalfway(ctx context.Context) error {
	select {
	case <-c.halfway:
	case <-ctx.Done():
		return ctx.Err()
	}
	status, err := c.log.Status(ctx)
	if err != nil {
		return fmt.Errorf("preguntar qué servidor NATS dirige el log: %w", err)
	}
	leader := c.nats.Named(status.Leader)
	if leader == nil {
		return fmt.Errorf("ningún servidor NATS se llama %q, que dirige el log", status.Leader)
	}
	busiest := c.busiest()
	c.centrals[busiest].Kill()
	leader.Kill()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = time.Now()
	c.progress.note(fmt.Sprintf("  kill -9 a %s, la central que más guardó, y a %s, que dirige el log", centralName(busiest), leader.Name))
	return nil
}

// busiest returns the central that has stored most.
func (c *cluster) busiest() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Index(c.stored[:], slices.Max(c.stored[:]))
}

func (c *cluster) stop(ctx context.Context) error {
	select { // all bets are stored
	case err := <-c.killed:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	process.Stop(c.centrals...)
	return nil
}

// bets exports the log to a file.
func (c *cluster) bets(ctx context.Context) (string, error) {
	dir := filepath.Join(c.dir, "export")
	export, err := process.Start("server -export", c.command(c.ports[0], "-export", dir), nil)
	if err != nil {
		return "", err
	}
	defer export.Kill()
	return filepath.Join(dir, "bets.csv"), process.WaitAll(ctx, nil, export)
}

func (c *cluster) longestPause() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pause
}

func (c *cluster) kill() {
	process.Stop(c.centrals...)
	if c.log != nil {
		c.log.Close()
	}
	if c.nats != nil {
		c.nats.Kill()
	}
}
