// Command demo runs the whole lottery on this machine, without Docker: a server
// and its agencies as real processes, which upload their bets and learn their
// winners.
//
//	go run ./scripts/demo [-agencias N] [-semilla S] [-dir .data]
//
// It works in a temporary folder, and leaves no process and no file behind.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/demo/system"
)

const maxAgencies = 200 // a process each

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit status: 0 done, 1 failed, 2 bad arguments, 128 plus the
// signal's number when interrupted.
func run(args []string, stdout *os.File, stderr io.Writer) int {
	ctx, cancel := system.UntilSignal()
	defer cancel()
	opts, status := parse(args, stderr)
	if status >= 0 {
		return status
	}
	err := demo(ctx, opts, stdout)
	if status, interrupted := system.Interrupted(ctx); interrupted {
		fmt.Fprintln(stderr, "\ndemo: interrumpida; no queda ningún proceso ni archivo")
		return status
	}
	if err != nil {
		fmt.Fprintln(stderr, "\ndemo:", err)
		return 1
	}
	return 0
}

// parse returns a status below zero when the demo is to go on.
func parse(args []string, stderr io.Writer) (options, int) {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "Uso: demo [-agencias N] [-semilla S] [-dir CARPETA] [-server PROGRAMA -client PROGRAMA]")
		flags.PrintDefaults()
	}
	var opts options
	flags.IntVar(&opts.agencies, "agencias", 5, "`cantidad` de agencias, de 1 a 200")
	flags.Uint64Var(&opts.seed, "semilla", 7574, "`semilla` de los datos sintéticos")
	flags.StringVar(&opts.zips, "dir", ".data", "`carpeta` donde se busca dataset.zip o datasets.zip")
	flags.StringVar(&opts.programs.Server, "server", "", "`programa` servidor ya compilado")
	flags.StringVar(&opts.programs.Client, "client", "", "`programa` cliente ya compilado")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return opts, 0
	case err != nil:
		return opts, 2
	}
	if flags.NArg() > 0 || opts.agencies < 1 || opts.agencies > maxAgencies {
		fmt.Fprintf(stderr, "demo: -agencias va de 1 a %d, y no hay más argumentos que las opciones\n", maxAgencies)
		return opts, 2
	}
	if (opts.programs.Server == "") != (opts.programs.Client == "") {
		fmt.Fprintln(stderr, "demo: -server y -client van juntos")
		return opts, 2
	}
	if err := absolute(&opts.programs); err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return opts, 2
	}
	return opts, -1
}

// absolute resolves the programs' paths: they will run in another folder.
func absolute(programs *system.Programs) error {
	for _, program := range []*string{&programs.Server, &programs.Client} {
		if *program == "" {
			continue
		}
		path, err := filepath.Abs(*program)
		if err != nil {
			return err
		}
		if err := system.Exists(path); err != nil {
			return err
		}
		*program = path
	}
	return nil
}
