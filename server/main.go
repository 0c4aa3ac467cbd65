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
	"sync"
	"syscall"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/args"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/settings"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/config"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/embedded"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/tcp"
)

const usage = `Uso: server [-config ARCHIVO] [-health]

Central de la lotería: guarda las apuestas de las agencias, hace el sorteo cuando
todas terminaron y le informa a cada una sus ganadores. Se configura con el archivo
INI (por defecto ./config.ini) y con variables de entorno, que tienen prioridad.
Cada clave, que es también su variable, y su valor por defecto:

`

func main() {
	signal.Ignore(syscall.SIGPIPE) // the reader of the log may exit first
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without os.Exit, so that tests can call it. It returns the exit
// status.
func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	var health bool
	define := func(flags *flag.FlagSet) {
		flags.BoolVar(&health, "health", false, "pregunta a la central que corre si está lista, y termina con 0 o 1")
	}
	path, named, err := args.Parse("server", usage+settings.Help(config.Keys), config.DefaultPath, define, arguments, stdout, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return badArguments(arguments)
	}
	if health {
		return checkHealth(ctx, path, named, stdout, stderr)
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
	err = serve(ctx, cfg)
	if err != nil && !(ctx.Err() != nil && errors.Is(err, context.Cause(ctx))) {
		logFailed(err)
		return 1
	}
	logStopped(context.Cause(ctx))
	return 0
}

// serve opens the files, serves until the context ends, and closes the files.
// It returns an error if a file or a port cannot be opened, if a file cannot be
// closed, or if the storage breaks.
func serve(ctx context.Context, cfg config.Config) (err error) {
	source, err := openIdentity(cfg)
	if err != nil {
		return err
	}
	operator := newOperator(cfg, source)
	closeAdmin, err := operator.open(ctx, cfg.AdminAddress)
	if err != nil {
		return err
	}
	defer closeAdmin()
	options := storeOptions(cfg)
	options.Written = operator.written
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

	listener, err := tcp.Listen(ctx, cfg.Port, cfg.ListenBacklog)
	if err != nil {
		return fmt.Errorf("listen on port %d: %w", cfg.Port, err)
	}
	logListening(cfg.Port)
	d := draw.New(bets, draw.Options{
		Agencies:     cfg.Agencies,
		PublishDelay: cfg.PublishDelay,
		Announce:     logDraw,
		Failed:       logDrawFailed,
	})
	c := embedded.New(bets, d)
	server := tcp.NewServer(c, tcp.Options{
		HelloTimeout:   cfg.HelloTimeout,
		IdleTimeout:    cfg.IdleTimeout,
		MaxConnections: tcp.ConnectionLimit(cfg.MaxConnections),
		MaxHellos:      cfg.MaxHellos,
		MaxBets:        uint64(cfg.MaxBets),
		Identity:       source,
	})
	operator.watch(c, server)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { d.Run(ctx) })
	running.Go(func() {
		select {
		case <-bets.Broken(): // stop: only the next start can read what the files hold
			cancel()
		case <-ctx.Done():
		}
	})
	server.Serve(ctx, listener)
	running.Wait()
	return nil // the deferred bets.Close returns the storage's error
}

func storeOptions(cfg config.Config) store.Options {
	return store.Options{
		Sync:     cfg.StorageSync,
		Agencies: cfg.Agencies,
		Progress: logRecovering,
		Closed:   func(path string, err error) { tcp.LogClosed("file", "file", path, err) },
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
