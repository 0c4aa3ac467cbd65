package main

import (
	"context"
	"errors"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/config"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica/jetstream"
)

// settleTimeout is how long a server that is being stopped waits for the log to
// acknowledge what the agencies have sent.
const settleTimeout = 400 * time.Millisecond

// serveReplicated serves as one of several centrals. It returns an error if the
// cluster of NATS servers cannot be used, if its log is corrupted, or if the port
// cannot be opened.
func (s *service) serveReplicated(ctx context.Context) error {
	log, err := jetstream.Open(ctx, logOptions(s.cfg, func(reason error) {
		logClusterAwaited(reason)
		s.operator.admin.Await(reason)
	}))
	if err != nil {
		return err
	}
	defer closeLog(log)
	c := replica.New(log, replica.Options{
		Agencies:     s.cfg.Agencies,
		PublishDelay: s.cfg.PublishDelay,
		Announce:     logReplicatedDraw,
	})
	s.operator.watchLog(c)

	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	context.AfterFunc(ctx, func() { time.AfterFunc(settleTimeout, stop) })
	serving, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- c.Run(running)
		cancel()
	}()
	select {
	case <-c.Ready():
		if bets, finished := c.Totals(); bets > 0 {
			logRecovered(bets, finished)
		}
		err = s.accept(serving, c)
	case <-serving.Done():
	}
	stop()
	return errors.Join(err, <-ended)
}

// logOptions say where the log of a cluster is. waiting is called with the reason why
// Open waits for the cluster, when there is another one.
func logOptions(cfg config.Config, waiting func(reason error)) jetstream.Options {
	return jetstream.Options{
		Servers:  cfg.ClusterServers(),
		Monitors: cfg.ClusterMonitors(),
		Agencies: cfg.Agencies,
		Waiting:  waiting,
	}
}

func closeLog(cluster *jetstream.Log) {
	cluster.Close()
	logging.Closed(log, "connection", "address", "cluster", nil)
}
