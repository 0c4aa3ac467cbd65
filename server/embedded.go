package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/config"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/embedded"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
)

// serveEmbedded opens the files, serves until the context ends, and closes the files.
// It returns an error if a file or the port cannot be opened, if a file cannot be
// closed, or if the storage breaks.
func (s *service) serveEmbedded(ctx context.Context) (err error) {
	cfg := s.cfg
	options := storeOptions(cfg)
	options.Written = s.operator.watchWrites()
	bets, err := store.Open(ctx, cfg.Storage, options)
	if err != nil {
		return withRemedy(cfg.Storage, err)
	}
	defer func() { err = errors.Join(err, bets.Close()) }()
	if !store.Locks {
		logNoLocks(cfg.Storage)
	}
	for _, torn := range bets.TornEnds() {
		logTorn(torn.Bytes, torn.Kept)
	}
	if bets.Bets() > 0 {
		logRecovered(bets.Bets(), len(bets.Finished()))
	}

	c := embedded.New(bets, draw.New(bets, draw.Options{
		Agencies:     cfg.Agencies,
		PublishDelay: cfg.PublishDelay,
		Announce:     logDraw,
		Failed:       logDrawFailed,
	}))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() {
		c.Run(ctx)
		cancel()
	})
	err = s.accept(ctx, c)
	cancel()
	running.Wait()
	return err // and the deferred bets.Close adds the storage's error
}

func storeOptions(cfg config.Config) store.Options {
	return store.Options{
		Sync:     cfg.StorageSync,
		Agencies: cfg.Agencies,
		Progress: logRecovering,
		Closed:   func(path string, err error) { logging.Closed(log, "file", "file", path, err) },
	}
}

// withRemedy adds advice to errors of permission and of files that do not exist.
func withRemedy(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w (the server's user must be able to write %s and its folder)", err, path)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w (create the folder %s first)", err, filepath.Dir(path))
	}
	return err
}
