// Command certificados makes certificates for development: an authority, and what
// the central and each agency need to prove who they are.
//
//	go run ./scripts/certificados [-agencias N] [-dir .data/certificados]
//
// Run again, it renews the certificates and keeps the authority. Exit status: 0
// done, 1 failed, 2 bad arguments.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/args"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity/authority"
)

// maxAgencies is how many clients generar-compose.sh takes.
const maxAgencies = 4096

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(arguments []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("certificados", flag.ContinueOnError)
	flags.SetOutput(stderr)
	args.SetUsage(flags, "Uso: certificados [-agencias N] [-dir CARPETA]\n")
	agencies := flags.Int("agencias", 5, "`cantidad` de agencias, de 0 a 4096")
	dir := flags.String("dir", ".data/certificados", "`carpeta` donde quedan")
	switch err := flags.Parse(arguments); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	if flags.NArg() > 0 || *agencies < 0 || *agencies > maxAgencies {
		fmt.Fprintf(stderr, "certificados: -agencias va de 0 a %d, y no hay más argumentos que las opciones\n", maxAgencies)
		return 2
	}
	if err := authority.Fill(*dir, *agencies, time.Now()); err != nil {
		fmt.Fprintln(stderr, "certificados:", err)
		return 1
	}
	fmt.Fprintf(stdout, "%s: certificados de desarrollo para la central y %d agencias, por un año.\n", *dir, *agencies)
	fmt.Fprintf(stdout, "Cada programa recibe solo su carpeta; %s/ca-key.pem, la clave de la autoridad, ninguno.\n", *dir)
	return 0
}
