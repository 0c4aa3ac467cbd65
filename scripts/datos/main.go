// Command datos fills .data/ with the agencies' data files.
//
//	go run ./scripts/datos [-dir .data] [-agencias N] [-semilla S] [-faltantes]
//
// If the folder has the course's dataset.zip (or datasets.zip), it unpacks the files of
// that archive. For all other agencies it makes synthetic bets, which depend on the seed
// only. It replaces only files that it has made: the folder's .generado lists them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/args"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/dataset"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/table"
)

const maxAgencies = 10_000

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit status: 0 done, 1 failed, 2 bad arguments, 130
// interrupted.
func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("datos", flag.ContinueOnError)
	flags.SetOutput(stderr)
	args.SetUsage(flags, "Uso: datos [-dir CARPETA] [-agencias N] [-semilla S] [-faltantes]\n")
	var opts dataset.Options
	flags.StringVar(&opts.Dir, "dir", ".data", "`carpeta` a llenar, donde también se busca dataset.zip o datasets.zip")
	flags.IntVar(&opts.Agencies, "agencias", 5, "`cantidad` de agencias")
	flags.Uint64Var(&opts.Seed, "semilla", 7574, "`semilla` de los datos sintéticos")
	flags.BoolVar(&opts.Missing, "faltantes", false, "crear solo los archivos que faltan")
	switch err := flags.Parse(arguments); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	if flags.NArg() > 0 || opts.Agencies < 0 || opts.Agencies > maxAgencies {
		fmt.Fprintf(stderr, "datos: -agencias va de 0 a %d, y no hay más argumentos que las opciones\n", maxAgencies)
		return 2
	}
	files, err := dataset.Fill(ctx, opts)
	if err != nil && ctx.Err() != nil {
		fmt.Fprintln(stderr, "datos: interrumpido; los archivos quedaron como estaban")
		return 130
	}
	if err != nil {
		fmt.Fprintln(stderr, "datos:", err)
		return 1
	}
	report(stdout, opts, files)
	return 0
}

func report(w io.Writer, opts dataset.Options, files []dataset.File) {
	fmt.Fprintf(w, "Archivos de datos en %s/:\n\n", opts.Dir)
	t := table.Table{Header: []string{"agencia", "apuestas", "ganadores", "origen"}, Left: map[int]bool{3: true}}
	for _, f := range files {
		t.Add(strconv.Itoa(f.Agency), table.Integer(f.Bets), table.Integer(f.Winners), origin(f, opts))
	}
	total := dataset.Total(files)
	t.Rule()
	t.Add("total", table.Integer(total.Bets), table.Integer(total.Winners), "")
	t.Print(w)
}

func origin(f dataset.File, opts dataset.Options) string {
	switch f.Origin {
	case dataset.Course:
		return "zip del curso"
	case dataset.Kept:
		return "ya estaba"
	}
	return fmt.Sprintf("sintético (semilla %d)", opts.Seed)
}
