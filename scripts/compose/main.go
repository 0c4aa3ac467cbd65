// Command compose prints the system's Docker Compose file:
//
//	go run ./scripts/compose [-raiz DIR] N [SCENARIO] [--tablero] [--tls] [--centrales C]
//
// N is the number of clients. What comes after it may be in any order. DIR is the
// project's folder, from which files are mounted; by default it is the folder of the
// Compose file. generar-compose.sh runs this command.
// Exit status: 0 done, 1 failed, 2 bad arguments.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
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
	if o.containers() > bridgePorts {
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
	board    bool   // --tablero: the server's board is published on the host's loopback
	tls      bool   // --tls: central and agencies prove with certificates who they are
	centrals int    // --centrales: how many centrals share a log in NATS; 0 = one, without NATS
}

// modifier is an option that may come after the number of clients.
type modifier struct {
	name   string
	value  string // what the word after it is, for messages; "" = there is none
	set    func(o *options, value string) error
	chosen func(o options) string // how it was given, or "" if it was not
}

// modifiers are all of them, in the order in which the file's header repeats them.
var modifiers = []modifier{{
	name:   "--tablero",
	set:    func(o *options, _ string) error { o.board = true; return nil },
	chosen: func(o options) string { return textIf(o.board, "--tablero") },
}, {
	name:   "--tls",
	set:    func(o *options, _ string) error { o.tls = true; return nil },
	chosen: func(o options) string { return textIf(o.tls, "--tls") },
}, {
	name:   "--centrales",
	value:  "la cantidad",
	set:    setCentrals,
	chosen: func(o options) string { return textIf(o.centrals > 0, fmt.Sprint("--centrales ", o.centrals)) },
}}

func textIf(condition bool, text string) string {
	if condition {
		return text
	}
	return ""
}

func parseArgs(args []string) (options, error) {
	o := options{root: "."}
	flags := flag.NewFlagSet("compose", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.root, "raiz", o.root, "")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() < 1 {
		return o, errors.New("hace falta la cantidad de clientes")
	}
	clients, err := strconv.ParseUint(flags.Arg(0), 10, 64)
	if err != nil || clients > maxClients {
		return o, fmt.Errorf("la cantidad de clientes debe ser un entero de 0 a %d: %q", maxClients, flags.Arg(0))
	}
	o.clients = int(clients)
	words, err := o.modify(flags.Args()[1:])
	if err != nil {
		return o, err
	}
	switch len(words) {
	case 0:
		words = []string{defaultScenario}
	case 1:
	default:
		return o, fmt.Errorf("un argumento de más: %q", words[1])
	}
	o.scenario, err = parseScenario(words[0])
	return o, err
}

// modify applies the modifiers among the words, and returns the other words.
func (o *options) modify(words []string) (others []string, err error) {
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		i := slices.IndexFunc(modifiers, func(m modifier) bool { return m.name == word })
		if i < 0 && strings.HasPrefix(word, "-") {
			return nil, fmt.Errorf("opción desconocida: %q", word)
		}
		if i < 0 {
			others = append(others, word)
			continue
		}
		value := ""
		if modifiers[i].value != "" {
			if len(words) == 0 {
				return nil, fmt.Errorf("a %s le falta %s", word, modifiers[i].value)
			}
			value, words = words[0], words[1:]
		}
		if err := modifiers[i].set(o, value); err != nil {
			return nil, fmt.Errorf("%s: %w", word, err)
		}
	}
	return others, nil
}

// command is how to make the same file again: the arguments after its name.
func (o options) command() string {
	command := fmt.Sprintf("%d %s", o.clients, o.scenario)
	for _, m := range modifiers {
		if chosen := m.chosen(o); chosen != "" {
			command += " " + chosen
		}
	}
	return command
}
