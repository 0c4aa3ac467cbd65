package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/admin"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/config"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/tcp"
)

// operator joins what the admin server shows: the central, the connections, and either
// the writes to the disk or the replicated log. Without an admin address nobody asks it.
type operator struct {
	admin   *admin.Server
	source  *identity.Source // nil without TLS
	central central.Observable
	server  *tcp.Server
}

func newOperator(cfg config.Config, source *identity.Source) *operator {
	return &operator{source: source, admin: admin.New(admin.Options{Name: cfg.IP, Expected: cfg.Agencies, Pprof: cfg.AdminPprof})}
}

// open serves the admin address, if there is one. From the end of ctx on the server
// says that the central is being stopped. The caller calls the returned function
// last, which closes it.
func (o *operator) open(ctx context.Context, address string) (closeAdmin func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on SERVER_ADMIN_ADDRESS: %w", err)
	}
	logAdminListening(address)
	context.AfterFunc(ctx, o.admin.Stopping)
	serving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		err := o.admin.Serve(serving, listener)
		logging.Closed(log, "listener", "address", listener.Addr().String(), err)
	}()
	return func() { cancel(); <-closed }, nil
}

// adminDescriptors is how many file descriptors the admin server needs at most.
func adminDescriptors(address string) int {
	if address == "" {
		return 0
	}
	return admin.Descriptors
}

// watch shows a central that is ready, and the server of its connections.
func (o *operator) watch(c central.Observable, server *tcp.Server) {
	o.central, o.server = c, server
	o.admin.Collect(o.collectConnections)
	if o.source != nil {
		o.admin.Collect(o.collectTLS)
	}
	o.admin.Watch(o)
}

// watchWrites shows the writes of an embedded central to its files. The caller has the
// returned function called after each.
func (o *operator) watchWrites() (written func(took time.Duration, err error)) {
	commits := new(admin.Histogram)
	o.admin.Collect(func() []admin.Metric {
		return []admin.Metric{commits.Metric("lottery_storage_commit_duration_seconds",
			"Time of a write to bets.csv or its journal, with its fsync.")}
	})
	return func(took time.Duration, _ error) { commits.Observe(took) }
}

// watchLog shows the log of a replicated central, also before the central is ready.
func (o *operator) watchLog(c *replica.Central) {
	o.admin.WatchLog(func() admin.Log {
		state := c.LogState()
		return admin.Log{
			Last: state.Last, Folded: state.Folded, Void: state.Void, Leader: state.Leader,
			Behind: state.Behind, Reachable: !state.Cut, Answered: state.Answered,
		}
	})
}

// Storage implements admin.Source.
func (o *operator) Storage() error { return o.central.Storage() }

// Lottery implements admin.Source.
func (o *operator) Lottery() admin.Lottery {
	seen := o.central.Overview()
	present := o.server.Stats().Agencies
	l := admin.Lottery{Missing: seen.Missing, Drawn: seen.Drawn, Agencies: make([]admin.Agency, len(seen.Agencies))}
	for i, a := range seen.Agencies {
		l.Agencies[i] = admin.Agency{
			ID: a.ID, Stored: a.Stored, Finished: a.Finished, Winners: a.Winners,
			Connected: present[a.ID].Connected, Notified: present[a.ID].Notified,
		}
	}
	return l
}

func (o *operator) collectConnections() []admin.Metric {
	stats := o.server.Stats()
	return []admin.Metric{
		admin.NewMetric(admin.Gauge, "lottery_connections", "Open connections of clients.", float64(stats.Connections)),
		admin.NewMetric(admin.Counter, "lottery_connections_accepted_total", "Accepted connections.", float64(stats.Accepted)),
		admin.NewVector(admin.Counter, "lottery_connections_rejected_total", "Connections that were refused at once.", "reason", stats.Rejected),
		admin.NewVector(admin.Counter, "lottery_batches_total", "Batches of bets that were answered.", "result", stats.Batches),
		admin.NewVector(admin.Counter, "lottery_sessions_ended_total", "Sessions of agencies that have ended.", "status", stats.Ended),
		admin.NewVector(admin.Counter, "lottery_limited_total", "HELLOs and bets that were refused because of a limit.", "what", stats.Limited),
	}
}

func (o *operator) collectTLS() []admin.Metric {
	return []admin.Metric{
		admin.NewVector(admin.Counter, "lottery_tls_handshakes_total", "TLS handshakes.", "result", o.server.Stats().Handshakes),
		admin.NewMetric(admin.Gauge, "lottery_tls_certificate_expiry_timestamp_seconds",
			"When the central's certificate expires, in seconds since 1970.", float64(o.source.Expiry().Unix())),
	}
}
