// Package e2e has the end-to-end tests. They run the real programs as processes, with
// real files, sockets and signals.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
)

// serverBinary and clientBinary are the programs under test.
var serverBinary, clientBinary string

// programsVariable is an environment variable: the folder of the programs under test. It is
// set in a child that runs a test; else TestMain builds them.
const programsVariable = "E2E_PROGRAMS"

func TestMain(m *testing.M) {
	becomeProgram() // does not return in a child that executes a program
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir := os.Getenv(programsVariable)
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "e2e-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if err := process.Build(context.Background(), dir, raceEnabled, "server", "client"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	serverBinary, clientBinary = filepath.Join(dir, "server"), filepath.Join(dir, "client")
	return m.Run()
}
