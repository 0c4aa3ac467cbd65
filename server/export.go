package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/config"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica/jetstream"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
)

// export writes what the log of a cluster holds now into bets.csv and its journal in a
// folder, for a server without a cluster. The folder must be empty, or not exist.
func export(ctx context.Context, cfg config.Config, folder string) error {
	if cfg.Cluster == "" {
		return errors.New("-export needs SERVER_CLUSTER: without a cluster bets.csv is in SERVER_STORAGE")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	switch present, err := os.ReadDir(folder); {
	case err != nil:
		return fmt.Errorf("export: %w", err)
	case len(present) > 0:
		return fmt.Errorf("export: %s is not empty", folder)
	}
	options := logOptions(cfg, logClusterAwaited)
	options.Existing = true
	log, err := jetstream.Open(ctx, options)
	if err != nil {
		return err
	}
	defer closeLog(log)
	path := filepath.Join(folder, "bets.csv")
	fold, err := exportTo(ctx, log, path, cfg.Agencies)
	if err != nil { // nobody should take a part of the bets for all of them
		return errors.Join(err, os.RemoveAll(path), os.RemoveAll(path+".journal"))
	}
	total, winners := fold.Totals()
	logExported(folder, total, winners)
	return nil
}

// exportTo writes what the log holds now into a file that does not exist, and its journal.
func exportTo(ctx context.Context, log *jetstream.Log, path string, agencies int) (*replica.Fold, error) {
	status, err := log.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	bets, err := store.Open(ctx, path, store.Options{Sync: true, Agencies: agencies})
	if err != nil {
		return nil, err
	}
	e := &exporter{bets: bets}
	fold, err := replica.Export(log.Read(ctx, 0), status.Last, e.store)
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case err == nil:
		err = e.journal(fold, agencies)
	}
	return fold, errors.Join(err, bets.Close())
}

// exporter stores what the log holds.
type exporter struct {
	bets *store.Store
	last *store.Commit // nil before the first
}

// store stores bets of an agency. at is the offset of the first.
func (e *exporter) store(id lottery.AgencyID, at lottery.Offset, bets []lottery.Bet) error {
	var records []byte
	for i := range bets {
		var err error
		if records, err = protocol.AppendRecord(records, &bets[i]); err != nil {
			return fmt.Errorf("bets of agency %d from %d: %w", id, at, err)
		}
	}
	commit, err := e.bets.StoreBets(id, at, bets, records)
	if err == nil {
		e.last = commit
	}
	return err
}

// journal waits until all bets are durable and compares them with the fold. Then it
// records which agencies have finished, and whether the draw was held.
func (e *exporter) journal(fold *replica.Fold, agencies int) error {
	if e.last != nil {
		if err := e.last.Wait(); err != nil {
			return err
		}
	}
	for id := lottery.AgencyID(1); uint64(id) <= uint64(agencies); id++ {
		a := fold.Agency(id)
		if got, want := e.bets.State(id), (store.State{Bets: a.Bets, Sum: a.Sum}); got != want {
			return fmt.Errorf("export: of agency %d the log holds %+v, its headers say %+v", id, got, want)
		}
		if !a.Finished {
			continue
		}
		if err := e.bets.RecordFinished(id, a.Bets); err != nil {
			return err
		}
	}
	if fold.Drawn == nil {
		return nil
	}
	return e.bets.RecordDraw(fold.Drawn.Agencies)
}
