package main

import (
	"context"
	"errors"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/admin"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/config"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica/jetstream"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/tcp"
)

// settleTimeout is how long a server that is being stopped waits for the log to
// acknowledge what the agencies have sent.
const settleTimeout = 400 * time.Millisecond

// serveReplicated serves as one of several centrals. It returns an error if the
// cluster of NATS servers cannot be used, if its log is corrupted, or if the port
// cannot be opened.
func (s *service) serveReplicated(ctx context.Context) error {
	log, err := openLog(ctx, s.cfg)
	if err != nil {
		return err
	}
	defer closeLog(log)
	c := replica.New(log, replica.Options{
		Agencies:     s.cfg.Agencies,
		PublishDelay: s.cfg.PublishDelay,
		Announce:     logReplicatedDraw,
	})
	s.operator.storage = c.Reachable
	s.operator.admin.Collect(func() []admin.Metric { return logMetrics(c.LogState()) })

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

func openLog(ctx context.Context, cfg config.Config) (*jetstream.Log, error) {
	return jetstream.Open(ctx, jetstream.Options{
		Servers:  cfg.ClusterServers(),
		Monitors: cfg.ClusterMonitors(),
		Agencies: cfg.Agencies,
		Waiting:  logClusterAwaited,
	})
}

func closeLog(log *jetstream.Log) {
	log.Close()
	tcp.LogClosed("connection", "address", "cluster", nil)
}

func logMetrics(state replica.LogState) []admin.Metric {
	reachable := 1.0
	if state.Cut {
		reachable = 0
	}
	return []admin.Metric{
		admin.NewMetric(admin.Gauge, "lottery_log_last", "Last entry of the log, as its leader said.", float64(state.Last)),
		admin.NewMetric(admin.Gauge, "lottery_log_folded", "Entry of the log that this central has folded last.", float64(state.Folded)),
		admin.NewMetric(admin.Counter, "lottery_log_void_total", "Entries and segments of the log without effect, such as copies.", float64(state.Void)),
		admin.NewMetric(admin.Gauge, "lottery_log_reachable", "1 while the leader of the log answers, 0 when the quorum is lost.", reachable),
		admin.NewMetric(admin.Gauge, "lottery_log_replicas_behind", "Replicas of the log that are not up to date.", float64(state.Behind)),
		admin.NewVector(admin.Gauge, "lottery_log_leader", "The NATS server that leads the log.", "server", map[string]int64{state.Leader: 1}),
	}
}
