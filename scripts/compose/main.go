// Command compose writes the system's Docker Compose file to standard output:
//
//	go run ./scripts/compose [-raiz DIR] N [SCENARIO]
//
// N is the number of clients. The file's bind mounts start from DIR, by default
// the folder that the file is in. People call it through generar-compose.sh.
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
	options, err := parseArgs(args)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	text, err := options.render()
	if err == nil {
		_, err = stdout.Write(text)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	if options.clients >= bridgePorts { // the server needs a port of the bridge too
		fmt.Fprintf(stderr, "aviso: un bridge de Linux admite %d contenedores; "+
			"con %d clientes no arrancarán todos en una sola red\n", bridgePorts, options.clients)
	}
	return 0
}

const (
	// maxClients is how many connections the server holds at once by default:
	// with more agencies the draw could never wait for all of them.
	maxClients = 4096

	// bridgePorts is how many containers Linux connects to one bridge.
	bridgePorts = 1023
)

// options say which file to write.
type options struct {
	clients  int
	scenario scenario
	root     string // where the bind mounts start
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
