// Command bench measures the whole system, as processes, against a floor: the
// same bytes through loopback into a file with no thought about what they mean
// (see piso). What it prints is a report in Markdown; it also draws an SVG.
//
//	go run ./scripts/bench [-repeticiones 5] [-escenarios oficial,50x] [-rapido] [-svg FILE]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
)

type options struct {
	repetitions int
	scenarios   []scenario
	dir         string // where the work happens, and the course's zip may be
	svg         string // "" = none
	batch       int    // bets in a batch; 0 = the client's default
	quick       bool
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit status: 0 done, 1 failed, 2 bad arguments, 128 plus the
// signal's number when interrupted.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, cancel := process.UntilSignal()
	defer cancel()
	opts, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "bench:", err)
		return 2
	}
	err = bench(ctx, opts, stdout, stderr)
	if status, interrupted := process.Interrupted(ctx); interrupted {
		fmt.Fprintln(stderr, "\nbench: interrumpido")
		return status
	}
	if err != nil {
		fmt.Fprintln(stderr, "\nbench:", err)
		return 1
	}
	return 0
}

func parse(args []string, stderr io.Writer) (options, error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var opts options
	var names string
	flags.IntVar(&opts.repetitions, "repeticiones", 5, "`cantidad` de repeticiones, intercaladas")
	flags.StringVar(&names, "escenarios", "", "cuáles, separados por comas: `lista` de "+strings.Join(scenarioNames(), ","))
	flags.BoolVar(&opts.quick, "rapido", false, "dos repeticiones y sin los escenarios largos: cerca de un minuto")
	flags.StringVar(&opts.dir, "dir", ".data", "`carpeta` de trabajo, en disco; también se busca ahí el zip del curso")
	flags.StringVar(&opts.svg, "svg", filepath.Join("scripts", "bench", "resultados.svg"), "`archivo` del gráfico; vacío = ninguno")
	flags.IntVar(&opts.batch, "lote", 0, "`apuestas` por lote; 0 = las de la configuración por omisión")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	if flags.NArg() > 0 || opts.repetitions < 1 {
		return opts, errors.New("-repeticiones es positivo, y no hay más argumentos que las opciones")
	}
	if opts.quick {
		opts.repetitions = min(opts.repetitions, 2)
	}
	var err error
	opts.scenarios, err = choose(names, opts.quick)
	return opts, err
}

// bench measures in a temporary folder below opts.dir, which it removes.
func bench(ctx context.Context, opts options, stdout, stderr io.Writer) (err error) {
	if err := os.MkdirAll(opts.dir, 0o755); err != nil {
		return err
	}
	base, err := filepath.Abs(opts.dir)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(base, ".bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	fmt.Fprintln(stderr, "compilando…")
	if err := process.Build(ctx, dir, false, "server", "client", "scripts/bench/piso", "scripts/bench/multitud", "scripts/bench/sorteo"); err != nil {
		return err
	}
	l := &laboratory{dir: dir, zips: base, batch: opts.batch, loads: map[load]*data{}}
	runs, err := l.measureAll(ctx, opts, stderr)
	if err != nil {
		return err
	}
	results := summarize(opts.scenarios, runs)
	if err := report(stdout, results, opts, l.origin); err != nil {
		return err
	}
	if opts.svg == "" {
		return nil
	}
	return os.WriteFile(opts.svg, drawing(lotteries(results)), 0o644)
}
