package replica

import (
	"context"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central/centraltest"
)

func TestConformance(t *testing.T) {
	centraltest.Run(t, func(t *testing.T, agencies int) central.Central {
		return start(t, newMemoryLog(reliable), Options{Agencies: agencies})
	})
}

// start runs a central until the test ends.
func start(t *testing.T, log Log, options Options) *Central {
	t.Helper()
	c := New(log, options)
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	<-c.Ready()
	return c
}
