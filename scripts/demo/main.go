// Command demo runs the whole lottery on this machine, without Docker: a server
// and its agencies as real processes, which upload their bets and learn their
// winners.
//
//	go run ./scripts/demo [-agencias N] [-semilla S] [-dir .data] [-tls]
//	go run ./scripts/demo -tablero […]
//	go run ./scripts/demo -cluster […]
//	go run ./scripts/demo -cronologia ARCHIVO.html […, but not -tls]
//
// With -tablero it is slow, and its board stays open until Ctrl-C. With -cluster
// there are three centrals over a log in three NATS servers; one of each is killed in the
// middle of the upload.
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

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/args"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
)

const maxAgencies = 200 // each is a process

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit status: 0 done, 1 failed, 2 bad arguments, 128 plus the
// signal's number when interrupted.
func run(arguments []string, stdout *os.File, stderr io.Writer) int {
	ctx, cancel := process.UntilSignal()
	defer cancel()
	opts, status := parse(arguments, stderr)
	if status >= 0 {
		return status
	}
	err := withPage(ctx, opts, stdout)
	if errors.Is(err, errClosed) {
		fmt.Fprintln(stdout, "\n  Cerrado: no queda ningún proceso ni archivo")
		return 0
	}
	if status, interrupted := process.Interrupted(ctx); interrupted {
		fmt.Fprintln(stderr, "\ndemo: interrumpida; no queda ningún proceso ni archivo")
		return status
	}
	if err != nil {
		fmt.Fprintln(stderr, "\ndemo:", err)
		return 1
	}
	return 0
}

// parse returns the options, and the exit status, or -1 when the demo is to go on.
func parse(arguments []string, stderr io.Writer) (options, int) {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	args.SetUsage(flags, "Uso: demo [-agencias N] [-semilla S] [-dir CARPETA] [-cronologia ARCHIVO.html | [-tls] [-tablero | -cluster]]\n          [-server PROGRAMA -client PROGRAMA]\n")
	var opts options
	flags.IntVar(&opts.agencies, "agencias", 5, "`cantidad` de agencias, de 1 a 200")
	flags.Uint64Var(&opts.seed, "semilla", 7574, "`semilla` de los datos sintéticos")
	flags.StringVar(&opts.source, "dir", ".data", "`carpeta` donde se buscan los archivos de agencias y, si no, dataset.zip o datasets.zip")
	flags.BoolVar(&opts.tls, "tls", false, "con certificados hechos para la ocasión")
	board := flags.Bool("tablero", false, "sube despacio y deja abierto el tablero hasta Ctrl-C")
	flags.StringVar(&opts.server, "server", "", "`programa` servidor ya compilado")
	flags.StringVar(&opts.client, "client", "", "`programa` cliente ya compilado")
	flags.BoolVar(&opts.cluster, "cluster", false, "tres centrales y tres servidores NATS; mata a uno de cada uno a mitad de la subida")
	flags.StringVar(&opts.page, "cronologia", "", "`archivo` HTML donde dejar la cronología de la corrida")
	switch err := flags.Parse(arguments); {
	case errors.Is(err, flag.ErrHelp):
		return opts, 0
	case err != nil:
		return opts, 2
	}
	if flags.NArg() > 0 || opts.agencies < 1 || opts.agencies > maxAgencies {
		fmt.Fprintf(stderr, "demo: -agencias va de 1 a %d, y no hay más argumentos que las opciones\n", maxAgencies)
		return opts, 2
	}
	if (opts.server == "") != (opts.client == "") {
		fmt.Fprintln(stderr, "demo: -server y -client van juntos")
		return opts, 2
	}
	if opts.page != "" && opts.server != "" {
		fmt.Fprintln(stderr, "demo: -cronologia compila una central que registra; no va con -server")
		return opts, 2
	}
	if opts.page != "" && opts.tls {
		fmt.Fprintln(stderr, "demo: -tls y -cronologia no van juntos: la cronología se lee de los frames, y TLS los cifra")
		return opts, 2
	}
	if *board && opts.page != "" || opts.cluster && (*board || opts.page != "") {
		fmt.Fprintln(stderr, "demo: -tablero, -cluster y -cronologia no van juntos")
		return opts, 2
	}
	if *board {
		address, err := boardAddress()
		if err != nil {
			fmt.Fprintln(stderr, "demo:", err)
			return opts, 1
		}
		opts.board = address
	}
	for _, program := range []*string{&opts.server, &opts.client} {
		if err := locate(program); err != nil {
			fmt.Fprintln(stderr, "demo:", err)
			return opts, 2
		}
	}
	return opts, -1
}

// locate makes the path of a program absolute, for the program runs in another
// folder. It fails if there is no such program.
func locate(program *string) (err error) {
	if *program == "" {
		return nil // to be built
	}
	if info, err := os.Stat(*program); err != nil || info.IsDir() {
		return fmt.Errorf("no existe el programa %s", *program)
	}
	*program, err = filepath.Abs(*program)
	return err
}
