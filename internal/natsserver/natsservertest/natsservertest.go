// Package natsservertest runs a cluster of NATS servers for a test.
package natsservertest

import (
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
)

// New returns a cluster that is not started, and ends with the test. It skips the test
// where nats-server can be neither found nor built. The places are those of natsserver.New.
func New(t testing.TB, sync string, places ...process.Place) *natsserver.Cluster {
	t.Helper()
	binary, err := natsserver.Build(t.Context())
	if err != nil {
		t.Skipf("there is no nats-server: %v", err)
	}
	cluster, err := natsserver.New(binary, t.TempDir(), sync, places...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Kill)
	return cluster
}

// Start returns a cluster that runs, and syncs before it acknowledges.
func Start(t testing.TB, places ...process.Place) *natsserver.Cluster {
	t.Helper()
	cluster := New(t, "always", places...)
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	return cluster
}
