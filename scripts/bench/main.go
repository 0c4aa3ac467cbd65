// Command bench measures the whole lottery, as processes, beside a floor:
// programs that send the same bytes in frames of the same size over loopback
// into one file and interpret nothing. On a shared machine only the ratios
// between the two, measured one after the other, say anything.
//
//	go run ./scripts/bench [-repeticiones N] [-escenarios LISTA] [-programas CARPETA] [-contra CARPETA]
//
// It prints tables and a Mermaid chart, which the README.md beside it shows. With -contra it
// measures a second pair of programs too, in turns with the first one.
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

func main() {
	args := os.Args[1:]
	if len(args) == 0 || parts[args[0]] == nil {
		os.Exit(run(args, os.Stdout, os.Stderr))
	}
	if err := parts[args[0]](args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "bench %s: %v\n", args[0], err)
		os.Exit(1)
	}
}

// parts are what bench runs as processes of their own: bench itself, with one of
// these words as its first argument.
var parts = map[string]func(args []string) error{
	"send":     send,
	"agencies": agencies,
}

type options struct {
	repetitions int
	scenarios   []scenario
	dir         string // where the work happens, and the course's zip may be
	programs    string // folder of the programs to measure; "" = build them
	against     string // folder of the programs to compare them with; "" = none
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

func parse(args []string, stderr io.Writer) (options, error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var opts options
	var names string
	flags.IntVar(&opts.repetitions, "repeticiones", 5, "`cantidad` de repeticiones, intercaladas")
	flags.StringVar(&names, "escenarios", "", "cuáles, separados por comas: `lista` de "+strings.Join(scenarioNames(), ","))
	flags.StringVar(&opts.dir, "dir", ".data", "`carpeta` de trabajo, en disco; también se busca ahí el zip del curso")
	flags.StringVar(&opts.programs, "programas", "", "`carpeta` con los programas server y client a medir; vacía = compilarlos")
	flags.StringVar(&opts.against, "contra", "", "`carpeta` con otros server y client, que se miden por turnos para comparar")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	if flags.NArg() > 0 || opts.repetitions < 1 {
		return opts, errors.New("-repeticiones es positivo, y no hay más argumentos que las opciones")
	}
	var err error
	opts.scenarios, err = choose(names)
	return opts, err
}

// measureAndReport works in a temporary folder below opts.dir, which it removes.
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
