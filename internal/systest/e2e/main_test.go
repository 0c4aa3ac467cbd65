// Package e2e holds the end-to-end tests: the real programs, run as processes
// on real files, sockets and signals.
package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const module = "github.com/7574-sistemas-distribuidos/docker-compose-init"

// serverBinary and clientBinary are the programs under test.
var serverBinary, clientBinary string

func TestMain(m *testing.M) {
	becomeProgram() // does not return in the child that is to be a program under test
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	args := []string{"build", "-o", dir + string(filepath.Separator)}
	if raceEnabled {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, module+"/server", module+"/client")...)
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v: %v\n%s", build.Args, err, output)
		return 1
	}
	serverBinary, clientBinary = filepath.Join(dir, "server"), filepath.Join(dir, "client")
	return m.Run()
}
