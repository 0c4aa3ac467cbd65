// Command bench measures the whole lottery, with real processes. It compares it with a
// floor: programs that send the same bytes, in frames of the same size, over loopback
// into one file, without reading the bets. On a shared machine only the ratio of the two
// times is meaningful, so bench measures them one after the other.
//
//	go run ./scripts/bench [-repeticiones N] [-escenarios LISTA] [-programas CARPETA] [-contra CARPETA]
//
// It prints tables, and the Mermaid chart in the README.md of this folder. With -contra
// it also measures a second pair of programs, in turns with the first.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/args"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
)

func main() {
	arguments := os.Args[1:]
	if len(arguments) == 0 || subcommands[arguments[0]] == nil {
		os.Exit(run(arguments, os.Stdout, os.Stderr))
	}
	if err := subcommands[arguments[0]](arguments[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "bench %s: %v\n", arguments[0], err)
		os.Exit(1)
	}
}

// subcommands are the work that bench does in processes of its own: bench starts itself
// with one of these names as the first argument.
var subcommands = map[string]func(args []string) error{
	"send":     sendFiles,
	"agencies": runAgencies,
}

type options struct {
	repetitions int
	scenarios   []scenario
	dir         string // the folder for files, where the course's zip may be
	programs    string // the folder of the programs to measure; "" = build them
	against     string // the folder of the programs to compare with; "" = none
}

// run returns the exit status: 0 done, 1 failed, 2 bad arguments, 128 plus the number of
// the signal that interrupted it.
func run(arguments []string, stdout, stderr io.Writer) int {
	ctx, cancel := process.UntilSignal()
	defer cancel()
	opts, err := parse(arguments, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "bench:", err)
		return 2
	}
	err = measureAndReport(ctx, opts, stdout, stderr)
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

func parse(arguments []string, stderr io.Writer) (options, error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	args.SetUsage(flags, "Uso: bench [-repeticiones N] [-escenarios LISTA] [-dir CARPETA] [-programas CARPETA] [-contra CARPETA]\n")
	var opts options
	var names string
	flags.IntVar(&opts.repetitions, "repeticiones", 5, "`cantidad` de repeticiones, intercaladas")
	flags.StringVar(&names, "escenarios", "", "cuáles, separados por comas: `lista` de "+strings.Join(scenarioNames(), ","))
	flags.StringVar(&opts.dir, "dir", ".data", "`carpeta` de trabajo, en disco; también se busca ahí el zip del curso")
	flags.StringVar(&opts.programs, "programas", "", "`carpeta` con los programas server y client a medir; vacía = compilarlos")
	flags.StringVar(&opts.against, "contra", "", "`carpeta` con otros server y client, que se miden por turnos para comparar")
	if err := flags.Parse(arguments); err != nil {
		return opts, err
	}
	if flags.NArg() > 0 || opts.repetitions < 1 {
		return opts, errors.New("-repeticiones es positivo, y no hay más argumentos que las opciones")
	}
	var err error
	opts.scenarios, err = choose(names)
	if names == "" && opts.against != "" { // another version may know no cluster
		opts.scenarios = withoutClusters(opts.scenarios)
	}
	return opts, err
}

// measureAndReport works in a temporary folder in opts.dir, and removes it.
func measureAndReport(ctx context.Context, opts options, stdout, stderr io.Writer) (err error) {
	if err := os.MkdirAll(opts.dir, 0o755); err != nil {
		return err
	}
	zips, err := filepath.Abs(opts.dir)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(zips, ".bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if slices.ContainsFunc(opts.scenarios, func(s scenario) bool { return s.cluster }) {
		if _, err := natsserver.Build(ctx); err != nil {
			fmt.Fprintf(stderr, "aviso: no hay nats-server, y no se mide con varias centrales: %v\n", err)
			opts.scenarios = withoutClusters(opts.scenarios)
		}
	}
	b, err := newBench(ctx, opts, dir, zips)
	if err != nil {
		return err
	}
	results, err := b.measureAll(ctx, opts, stderr)
	if err != nil {
		return err
	}
	return report(stdout, results, opts)
}
