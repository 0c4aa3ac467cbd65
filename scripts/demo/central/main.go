// Command central is the lottery's server with a recorder at its connections and
// its files. The demo runs it in the server's place when it is to draw a time line;
// it takes the server's configuration from the environment, writes the server's
// log lines of the connections, and leaves the recording in the file that the
// variable CRONOLOGIA_DATOS names.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/demo/timeline"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/config"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/embedded"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/tcp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "central:", err)
		os.Exit(1)
	}
}

// run serves until the context ends, and then writes the recording.
func run(ctx context.Context, stdout io.Writer) error {
	output := logging.Start(ctx, stdout)
	defer output.Close()
	cfg, err := config.Load(config.DefaultPath, false)
	if err != nil {
		return err
	}
	if err := logging.Setup(output, cfg.LoggingLevel); err != nil {
		return err
	}
	listener, err := tcp.Listen(ctx, cfg.Port, cfg.ListenBacklog)
	if err != nil {
		return fmt.Errorf("listen on port %d: %w", cfg.Port, err)
	}
	recorder := timeline.NewRecorder()
	if err := serve(ctx, cfg, recorder.Listener(listener), recorder); err != nil {
		return err
	}
	recorded, err := recorder.Timeline(cfg.Agencies)
	if err != nil {
		return err
	}
	return recorded.Save(os.Getenv(timeline.DataVariable))
}

// serve runs what the server runs without a cluster, TLS or an admin port, with the
// recorder between it and the system. TLS would hide the frames from the recorder.
func serve(ctx context.Context, cfg config.Config, listener net.Listener, recorder *timeline.Recorder) (err error) {
	bets, err := store.Open(ctx, cfg.Storage, store.Options{
		Sync:     cfg.StorageSync,
		Agencies: cfg.Agencies,
		FS:       recorder.FS(store.OS),
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, bets.Close()) }()
	c := embedded.New(bets, draw.New(bets, draw.Options{
		Agencies:     cfg.Agencies,
		PublishDelay: cfg.PublishDelay,
		Announce:     func(_ bool, bets uint64, winners int) { recorder.Drawn(bets, winners) },
	}))
	server := tcp.NewServer(c, tcp.Options{
		HelloTimeout:   cfg.HelloTimeout,
		IdleTimeout:    cfg.IdleTimeout,
		MaxConnections: tcp.ConnectionLimit(cfg.MaxConnections, 0),
	})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() {
		c.Run(ctx)
		cancel()
	})
	server.Serve(ctx, listener)
	running.Wait()
	return nil // the deferred bets.Close returns the storage's error
}
