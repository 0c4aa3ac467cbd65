// Client is an agency of the lottery: it uploads its bets to the central and
// learns its winners. In other modes it sends a single bet, or messages to an
// echo server.
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

	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/agency"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/config"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/echo"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/args"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/retry"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/settings"
)

const usage = `Uso: client [-config ARCHIVO]
     client -version

Cliente de la lotería: envía las apuestas de una agencia a la central y consulta
sus ganadores. Se configura con el archivo YAML (por defecto ./config.yaml) y con
variables de entorno, que tienen prioridad. Cada clave, su variable y su valor por
defecto:

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

// run does the work of main, and returns the exit status.
func run(ctx context.Context, arguments []string, stdout, stderr *os.File) int {
	path, named, err := args.Parse("client", usage+settings.Help(config.Keys), config.DefaultPath, nil, arguments, stdout, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	for _, warning := range settings.Misspelled(os.Environ(), config.Keys) {
		fmt.Fprintf(stderr, "client: %s\n", warning)
	}
	output := logging.Start(ctx, stdout)
	defer output.Close()
	cfg, err := config.Load(path, named)
	if err == nil {
		err = logging.Setup(output, cfg.LogLevel)
	}
	if err != nil {
		fmt.Fprintf(stderr, "client: %v\n", err)
		return 1
	}
	logConfig(cfg)
	dial, err := newDial(cfg)
	if err != nil {
		fmt.Fprintf(stderr, "client: %v\n", err)
		return 1
	}
	err = runMode(ctx, cfg, dial, stdout, stderr, output)
	failed := err != nil && ctx.Err() == nil // after a signal, the signal is the cause of err
	_ = retry.Pause(ctx, cfg.Linger)         // a signal ends the pause
	if failed {
		return 1
	}
	if ctx.Err() != nil {
		logStopped(cfg.ID, context.Cause(ctx))
	}
	return 0
}

// runMode does what the configured mode says. It has logged the errors that it
// returns, except those that a signal caused.
func runMode(ctx context.Context, cfg config.Config, dial agency.Dial, stdout, stderr *os.File, output io.Writer) error {
	switch cfg.Mode {
	case config.ModeEcho:
		return echo.Run(ctx, cfg.ID, dial, echo.Options{
			Amount:        cfg.LoopAmount,
			Period:        cfg.LoopPeriod,
			RetryDeadline: cfg.RetryDeadline,
		})
	case config.ModeBet:
		return sendBet(ctx, cfg, dial)
	default:
		return runAgency(ctx, cfg, dial, stdout, stderr, output)
	}
}

func sendBet(ctx context.Context, cfg config.Config, dial agency.Dial) error {
	bet, err := lottery.ParseBet(cfg.Agency, cfg.Bet.FirstName, cfg.Bet.LastName, cfg.Bet.Document, cfg.Bet.Birthdate, cfg.Bet.Number)
	if err == nil {
		err = agency.SendBet(ctx, bet, dial, agencyOptions(cfg))
	}
	if err != nil && ctx.Err() == nil {
		logBetFailed(cfg.Bet, err)
	}
	return err
}

func runAgency(ctx context.Context, cfg config.Config, dial agency.Dial, stdout, stderr *os.File, output io.Writer) error {
	options := agencyOptions(cfg)
	bar := newProgressBar(ctx, cfg, stdout, stderr, output)
	options.OnProgress = bar.update
	winners, err := agency.Run(ctx, cfg.Agency, cfg.DataFile, dial, options)
	bar.end(ctx)
	switch {
	case err == nil:
		logWinners(winners)
	case ctx.Err() == nil:
		logAgencyFailed(cfg.ID, err)
	}
	return err
}

func agencyOptions(cfg config.Config) agency.Options {
	return agency.Options{
		BatchMaxAmount: cfg.BatchMaxAmount,
		Period:         cfg.LoopPeriod,
		RetryDeadline:  cfg.RetryDeadline,
	}
}
