// Command compose prints the system's Docker Compose file:
//
//	go run ./scripts/compose [-raiz DIR] N [SCENARIO]
//
// N is the number of clients. DIR is the project's folder, from which files are mounted;
// by default it is the folder of the Compose file. generar-compose.sh runs this command.
// Exit status: 0 done, 1 failed, 2 bad arguments.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	o, err := parseArgs(args)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	text, err := o.render()
	if err == nil {
		_, err = stdout.Write(text)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	if o.clients >= bridgePorts { // the server needs a port of the bridge too
		fmt.Fprintf(stderr, "aviso: un bridge de Linux admite %d contenedores; "+
			"con %d clientes no arrancarán todos en una sola red\n", bridgePorts, o.clients)
	}
	return 0
}

const (
	// maxClients is the server's default for the maximum number of connections.
	// All agencies stay connected until the draw.
	maxClients = 4096

	// bridgePorts is how many containers one Linux bridge can have.
	bridgePorts = 1023
)

// options say what the file contains.
type options struct {
	clients  int
	scenario scenario
	root     string // the project's folder, for the bind mounts
}

func parseArgs(args []string) (options, error) {
	o := options{root: "."}
	flags := flag.NewFlagSet("compose", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.root, "raiz", o.root, "")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() < 1 || flags.NArg() > 2 {
		return o, errors.New("hacen falta la cantidad de clientes y, si se quiere, el escenario")
	}
	clients, err := strconv.ParseUint(flags.Arg(0), 10, 64)
	if err != nil || clients > maxClients {
		return o, fmt.Errorf("la cantidad de clientes debe ser un entero de 0 a %d: %q", maxClients, flags.Arg(0))
	}
	o.clients = int(clients)
	name := defaultScenario
	if flags.NArg() == 2 {
		name = flags.Arg(1)
	}
	o.scenario, err = parseScenario(name)
	return o, err
}
