package jetstream

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver/natsservertest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central/centraltest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica"
)

func options(cluster *natsserver.Cluster, agencies int) Options {
	return Options{Servers: strings.Split(cluster.URLs(), ","), Monitors: strings.Split(cluster.Monitors(), ","), Agencies: agencies}
}

func open(t *testing.T, cluster *natsserver.Cluster, agencies int) *Log {
	t.Helper()
	l, err := Open(t.Context(), options(cluster, agencies))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// run runs a central until the test ends.
func run(t *testing.T, l *Log, agencies int) *replica.Central {
	t.Helper()
	c := replica.New(l, replica.Options{Agencies: agencies})
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	select {
	case <-c.Ready():
	case <-time.After(30 * time.Second):
		t.Fatal("the central is not ready")
	}
	return c
}

// administrator is a connection that does what no central does.
func administrator(t *testing.T, cluster *natsserver.Cluster) js.JetStream {
	t.Helper()
	connection, err := nats.Connect(cluster.URLs(), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(connection.Close)
	stream, err := js.New(connection, js.WithDefaultTimeout(requestTimeout))
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// insist repeats a request that a forming cluster may leave unanswered.
func insist(t *testing.T, what string, request func() error) {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(pause) {
		err := request()
		if err == nil {
			return
		}
		if time.Since(begin) > 30*time.Second {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// forget deletes the stream.
func forget(t *testing.T, admin js.JetStream) {
	t.Helper()
	insist(t, "delete the stream", func() error {
		if err := admin.DeleteStream(t.Context(), StreamName); !errors.Is(err, js.ErrStreamNotFound) {
			return err
		}
		return nil
	})
}

func TestConformance(t *testing.T) {
	cluster := natsservertest.Start(t)
	admin := administrator(t, cluster)
	centraltest.Run(t, func(t *testing.T, agencies int) central.Central {
		forget(t, admin)
		return run(t, open(t, cluster, agencies), agencies)
	})
}
