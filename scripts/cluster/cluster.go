// Package cluster runs several centrals, and the NATS servers that hold their log, as
// processes of this machine.
package cluster

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica/jetstream"
)

// Centrals is how many centrals there are.
const Centrals = 3

// Options say what runs.
type Options struct {
	Server   string   // the program of the centrals
	Settings []string // more settings of the centrals, each NAME=value
	Dir      string   // an existing folder for all files
	Agencies int      // that the draw waits for
	Bets     int      // of all agencies

	// Stored, if set, is called with each batch that is stored, one call at a time.
	Stored func(agency, bets int)

	// Halfway, if set, is called when half of the bets are stored.
	Halfway func(context.Context, *Cluster) error
}

// Cluster is the running processes. Start makes one.
type Cluster struct {
	options  Options
	nats     *natsserver.Cluster
	log      *jetstream.Log // knows the leader
	centrals []*process.Process
	ports    []int
	tally    tally
	halfway  chan error // gets the result of Options.Halfway
}

// Start starts all processes, and returns when agencies can connect. It builds
// nats-server, unless an earlier run has left it in the user's cache.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	c := &Cluster{options: options, halfway: make(chan error, 1)}
	c.tally = tally{half: (options.Bets + 1) / 2, reached: make(chan struct{}), observe: options.Stored}
	if err := c.start(ctx); err != nil {
		c.Kill()
		return nil, err
	}
	go func() { c.halfway <- c.act(ctx) }()
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	program, err := natsserver.Build(ctx)
	if err != nil {
		return fmt.Errorf("no se pudo compilar nats-server %s; la primera vez hace falta red para bajarlo:\n%w", natsserver.Version, err)
	}
	if c.nats, err = natsserver.New(program, c.options.Dir, "always"); err != nil {
		return err
	}
	if err := c.nats.Start(); err != nil {
		return err
	}
	if err := c.startCentrals(ctx); err != nil {
		return err
	}
	c.log, err = jetstream.Open(ctx, jetstream.Options{
		Servers: strings.Split(c.nats.URLs(), ","), Monitors: strings.Split(c.nats.Monitors(), ","), Agencies: c.options.Agencies,
	})
	return err
}

// startLimit is how long the centrals may take to listen, on a loaded machine.
const startLimit = time.Minute

func (c *Cluster) startCentrals(ctx context.Context) error {
	for i := range Centrals {
		if err := c.startCentral(func(line string) { c.tally.read(i, line) }); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for _, central := range c.centrals {
		if err := AwaitListening(ctx, central); err != nil {
			return err
		}
	}
	return nil
}

// startCentral starts one more central.
func (c *Cluster) startCentral(onLine func(string)) error {
	port, err := process.FreePort()
	if err != nil {
		return err
	}
	central, err := process.Start("la central "+name(len(c.centrals)), c.command(port), onLine)
	if err != nil {
		return err
	}
	central.WatchMemory()
	c.centrals, c.ports = append(c.centrals, central), append(c.ports, port)
	return nil
}

// AddCentral starts one more central, whose batches Options.Stored does not see. It
// returns when agencies can connect to that central.
func (c *Cluster) AddCentral(ctx context.Context) error {
	if err := c.startCentral(nil); err != nil {
		return err
	}
	return AwaitListening(ctx, c.centrals[len(c.centrals)-1])
}

// name is the name of a central in the containers.
func name(i int) string { return fmt.Sprintf("server%d", i+1) }

// command runs the centrals' program with some arguments.
func (c *Cluster) command(port int, args ...string) *exec.Cmd {
	cmd := process.Command(c.options.Server, c.options.Dir,
		"SERVER_PORT="+strconv.Itoa(port),
		"SERVER_LISTEN_BACKLOG=1024", // all agencies may dial at once
		"SERVER_AGENCIES="+strconv.Itoa(c.options.Agencies),
		"SERVER_CLUSTER="+c.nats.URLs(),
		"SERVER_CLUSTER_MONITOR="+c.nats.Monitors())
	cmd.Env = append(cmd.Env, c.options.Settings...)
	cmd.Args = append(cmd.Args, args...)
	return cmd
}

// Addresses is the value of CLI_SERVER_ADDRESS.
func (c *Cluster) Addresses() string {
	var addresses []string
	for _, port := range c.ports {
		addresses = append(addresses, "127.0.0.1:"+strconv.Itoa(port))
	}
	return strings.Join(addresses, ",")
}

// Servers is how many NATS servers there are.
func (c *Cluster) Servers() int { return len(c.nats.Servers) }

func (c *Cluster) act(ctx context.Context) error {
	if c.options.Halfway == nil {
		return nil
	}
	select {
	case <-c.tally.reached:
		return c.options.Halfway(ctx, c)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Log is the log of the centrals.
func (c *Cluster) Log() *jetstream.Log { return c.log }

// KillLeader kills the NATS server that leads the log, and returns its name.
func (c *Cluster) KillLeader(ctx context.Context) (string, error) {
	status, err := c.log.Status(ctx)
	if err != nil {
		return "", fmt.Errorf("preguntar qué servidor NATS dirige el log: %w", err)
	}
	leader := c.nats.Named(status.Leader)
	if leader == nil {
		return "", fmt.Errorf("ningún servidor NATS se llama %q, que dirige el log", status.Leader)
	}
	leader.Kill()
	c.tally.watchPauses()
	return leader.Name, nil
}

// KillBusiest kills the central that has stored most, and returns its name.
func (c *Cluster) KillBusiest() string {
	i := c.tally.busiest()
	c.centrals[i].Kill()
	return name(i)
}

// LongestPause returns the longest time without a stored batch after KillLeader.
func (c *Cluster) LongestPause() time.Duration { return c.tally.longestPause() }

// Drawn returns how many bets the draw had, as a central has logged it.
func (c *Cluster) Drawn() (bets int, ok bool) {
	for _, central := range c.centrals {
		for _, line := range central.Lines() {
			if match := drawnLine.FindStringSubmatch(line); match != nil {
				bets, err := strconv.Atoi(match[1])
				return bets, err == nil
			}
		}
	}
	return 0, false
}

// PeakMemory returns the largest peak memory of a central in bytes.
func (c *Cluster) PeakMemory() int64 {
	var peak int64
	for _, central := range c.centrals {
		peak = max(peak, central.PeakMemory())
	}
	return peak
}

// Stop stops the centrals, after all bets are stored and Halfway has returned. It fails
// as Halfway did, or if a central that was not killed has failed.
func (c *Cluster) Stop(ctx context.Context) error {
	select {
	case err := <-c.halfway:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	process.Stop(c.centrals...)
	for _, central := range c.centrals {
		if status := central.ExitStatus(); status > 0 { // a signal gives -1
			return central.Err()
		}
	}
	return nil
}

// Export writes the log's bets to a file with "server -export", and returns its path.
func (c *Cluster) Export(ctx context.Context) (string, error) {
	dir := filepath.Join(c.options.Dir, "export")
	export, err := process.Start("server -export", c.command(c.ports[0], "-export", dir), nil)
	if err != nil {
		return "", err
	}
	defer export.Kill()
	return filepath.Join(dir, "bets.csv"), process.WaitAll(ctx, nil, export)
}

// Kill ends all processes that still run. It may be called more than once.
func (c *Cluster) Kill() {
	process.Stop(c.centrals...)
	if c.log != nil {
		c.log.Close()
	}
	if c.nats != nil {
		c.nats.Kill()
	}
}
