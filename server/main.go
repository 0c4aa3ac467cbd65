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
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/args"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/settings"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/config"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/tcp"
)

const usage = `Uso: server [-config ARCHIVO] [-health | -export CARPETA]
     server -version

Central de la lotería: guarda las apuestas de las agencias, hace el sorteo cuando
todas terminaron y le informa a cada una sus ganadores. Se configura con el archivo
INI (por defecto ./config.ini) y con variables de entorno, que tienen prioridad.
Cada clave, que es también su variable, y su valor por defecto:

`

// gcPercent lets the heap, of a few MiB, grow to three times what is in use before it
// is collected. With Go's default of twice, collecting takes an eighth of the
// processor time of an upload.
const gcPercent = 200

func main() {
	debug.SetGCPercent(gcPercent)
	signal.Ignore(syscall.SIGPIPE) // the reader of the log may exit first
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without os.Exit, so that tests can call it. It returns the exit
// status.
func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	var health bool
	var folder string
	define := func(flags *flag.FlagSet) {
		flags.BoolVar(&health, "health", false, "pregunta a la central que corre si está lista, y termina con 0 o 1")
		flags.StringVar(&folder, "export", "", "escribe bets.csv y su journal en esa `carpeta`, nueva o vacía, con lo que guarda SERVER_CLUSTER, y termina")
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
	if folder != "" {
		err = export(ctx, cfg, folder)
	} else {
		err = serve(ctx, cfg)
	}
	if err != nil && !(ctx.Err() != nil && errors.Is(err, context.Cause(ctx))) {
		logFailed(err)
		return 1
	}
	if folder == "" {
		logStopped(context.Cause(ctx))
	}
	return 0
}

// serve serves until the context ends, with the central that the settings choose. It
// returns an error if the central cannot begin or breaks, or if a port cannot be
// opened.
func serve(ctx context.Context, cfg config.Config) error {
	source, err := openIdentity(cfg)
	if err != nil {
		return err
	}
	s := &service{cfg: cfg, source: source, operator: newOperator(cfg, source)}
	closeAdmin, err := s.operator.open(ctx, cfg.AdminAddress)
	if err != nil {
		return err
	}
	defer closeAdmin()
	if cfg.Cluster != "" {
		return s.serveReplicated(ctx)
	}
	return s.serveEmbedded(ctx)
}

// service is what does not depend on which central is in use.
type service struct {
	cfg      config.Config
	source   *identity.Source // nil without TLS
	operator *operator
}

// accept serves the connections of a central until the context ends.
func (s *service) accept(ctx context.Context, c observableCentral) error {
	listener, err := tcp.Listen(ctx, s.cfg.Port, s.cfg.ListenBacklog)
	if err != nil {
		return fmt.Errorf("listen on port %d: %w", s.cfg.Port, err)
	}
	logListening(s.cfg.Port)
	server := tcp.NewServer(c, tcp.Options{
		HelloTimeout:   s.cfg.HelloTimeout,
		IdleTimeout:    s.cfg.IdleTimeout,
		MaxConnections: tcp.ConnectionLimit(s.cfg.MaxConnections, adminDescriptors(s.cfg.AdminAddress)),
		MaxHellos:      s.cfg.MaxHellos,
		MaxBets:        uint64(s.cfg.MaxBets),
		Identity:       s.source,
	})
	s.operator.watch(c, server)
	server.Serve(ctx, listener)
	return nil
}

type observableCentral interface {
	central.Central
	central.Observable
}
