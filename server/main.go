// Server is the central of the lottery: it stores the bets of all agencies,
// holds the draw when they have finished, and tells each its winners. On the
// same port it is an echo server.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"sync"
	"syscall"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/args"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/settings"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/config"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/tcp"
)

const usage = `Uso: server [-config ARCHIVO]

Central de la lotería: guarda las apuestas de las agencias, hace el sorteo cuando
todas terminaron y le informa a cada una sus ganadores. Se configura con el archivo
INI (por defecto ./config.ini) y con variables de entorno, que tienen prioridad.
Cada clave, que es también su variable, y su valor por defecto:

`

// gcPercent lets the heap grow to four times what is live before it is
// collected. Little is live, and a batch leaves a few small things behind:
// memory stays small and the collector rests.
const gcPercent = 300

func main() {
	debug.SetGCPercent(gcPercent)
	signal.Ignore(syscall.SIGPIPE) // whoever reads the log may go away
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program; it returns the exit status.
func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	path, named, err := args.Parse("server", usage+settings.Help(config.Keys), config.DefaultPath, arguments, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	for _, warning := range settings.Misspelled(os.Environ(), config.Keys) {
		fmt.Fprintf(stderr, "server: %s\n", warning)
	}
	output := logging.Start(ctx, stdout)
	defer output.Close()
	cfg, err := config.Load(path, named)
	if err == nil {
		err = logging.Setup(output, cfg.LoggingLevel)
	}
	if err != nil {
		fmt.Fprintf(stderr, "server: %v\n", err)
		return 1
	}
	logConfig(cfg)
	if err := serve(ctx, cfg); err != nil {
		logFailed(err)
		return 1
	}
	logStopped(context.Cause(ctx))
	return 0
}

// serve opens the files, serves until the context ends, and closes the files.
// It fails if they, or the port, cannot be opened, or not be closed.
func serve(ctx context.Context, cfg config.Config) (err error) {
	bets, err := store.Open(cfg.Storage, storeOptions(cfg))
	if err != nil {
		return withRemedy("open the bets", cfg.Storage, err)
	}
	defer func() { err = errors.Join(err, closeFile(cfg.Storage, bets)) }()
	if bets.Torn() > 0 {
		logTorn(bets.Torn(), cfg.Storage+".torn")
	}

	journalPath := cfg.Storage + ".journal"
	journal, err := store.OpenJournal(journalPath, storeOptions(cfg))
	if err != nil {
		return withRemedy("open the journal", journalPath, err)
	}
	defer func() { err = errors.Join(err, closeFile(journalPath, journal)) }()
	if err := journal.Fits(bets, cfg.Agencies); err != nil {
		return err
	}
	if bets.Bets() > 0 {
		logRecovered(bets.Bets(), len(journal.Finished()))
	}

	listener, err := tcp.Listen(ctx, cfg.Port, cfg.ListenBacklog)
	if err != nil {
		return fmt.Errorf("listen on port %d: %w", cfg.Port, err)
	}
	_, drawn := journal.Drawn()
	d := draw.New(bets, journal, draw.History{Finished: journal.Finished(), Drawn: drawn}, draw.Options{
		Agencies:     cfg.Agencies,
		PublishDelay: cfg.PublishDelay,
		Announce:     logDraw,
	})
	server := tcp.NewServer(bets, d, tcp.Options{
		HelloTimeout:   cfg.HelloTimeout,
		IdleTimeout:    cfg.IdleTimeout,
		MaxConnections: tcp.ConnectionLimit(cfg.MaxConnections),
	})
	var running sync.WaitGroup
	running.Go(func() {
		if err := d.Run(ctx); err != nil {
			logDrawFailed(err)
		}
	})
	server.Serve(ctx, listener)
	running.Wait()
	return nil
}

// storeOptions are those of both files.
func storeOptions(cfg config.Config) store.Options { return store.Options{Sync: cfg.StorageSync} }

// closeFile closes what serve has opened and logs it.
func closeFile(path string, file io.Closer) error {
	err := file.Close()
	tcp.LogClosed("file", "file", path, err)
	if err != nil {
		return fmt.Errorf("close %s: %w", path, err)
	}
	return nil
}

// withRemedy says what to do where that is known.
func withRemedy(doing, path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		err = fmt.Errorf("%w (the server's user must be able to write %s and its folder)", err, path)
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("%w (create the folder %s first)", err, filepath.Dir(path))
	}
	return fmt.Errorf("%s: %w", doing, err)
}
