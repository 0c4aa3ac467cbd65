package process

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const module = "github.com/7574-sistemas-distribuidos/docker-compose-init"

// Build compiles the packages in some folders of this module into dir. With race it
// uses the race detector. Without race it builds without cgo, as the images do. When
// the context ends, Build interrupts the compiler and fails.
func Build(ctx context.Context, dir string, race bool, folders ...string) error {
	args := []string{"build", "-buildvcs=false", "-o", dir + string(filepath.Separator)}
	env := append(os.Environ(), "GOTMPDIR="+dir) // an interrupted compiler leaves files, which go with dir
	if race {
		args = append(args, "-race")
	} else {
		env = append(env, "CGO_ENABLED=0")
	}
	for _, folder := range folders {
		args = append(args, module+"/"+folder)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = env
	cmd.SysProcAttr = childAttributes()
	cmd.Cancel = func() error { return signalGroup(cmd.Process, syscall.SIGINT) }
	cmd.WaitDelay = 5 * time.Second
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, output)
	}
	return nil
}

// Command returns a command that runs a program in a folder. Its environment is this
// process's, with the settings, each NAME=value. The settings of the lottery's programs
// in this process's environment do not reach it.
func Command(program, dir string, settings ...string) *exec.Cmd {
	cmd := exec.Command(program)
	cmd.Dir = dir
	cmd.Env = environment(settings)
	return cmd
}

// Place is where a program runs: in the network of this process or, on Linux, in another.
type Place struct {
	Address   string // the program's IP address
	Namespace string // the file of the network namespace; "" = that of this process
}

// Here is the network of this process.
var Here = Place{Address: "127.0.0.1"}

// Enter changes a command so that it runs at the place, and returns it. The program
// "nsenter" goes there and executes the command's program: it becomes the same process.
func (p Place) Enter(cmd *exec.Cmd) *exec.Cmd {
	if p.Namespace != "" {
		entering := exec.Command("nsenter", slices.Concat([]string{"--net=" + p.Namespace, "--", cmd.Path}, cmd.Args[1:])...)
		cmd.Path, cmd.Args, cmd.Err = entering.Path, entering.Args, entering.Err
	}
	return cmd
}

// environment leaves out SERVER_*, CLI_*, LOGGING_LEVEL and the variables of a bet.
func environment(settings []string) []string {
	bet := []string{"NOMBRE", "APELLIDO", "DOCUMENTO", "NACIMIENTO", "NUMERO"}
	var env []string
	for _, setting := range os.Environ() {
		name, _, _ := strings.Cut(setting, "=")
		if !strings.HasPrefix(name, "SERVER_") && !strings.HasPrefix(name, "CLI_") &&
			name != "LOGGING_LEVEL" && !slices.Contains(bet, name) {
			env = append(env, setting)
		}
	}
	// By default a program with the race detector sleeps for a second before it exits.
	env = append(env, "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	return append(env, settings...)
}

var lastPort atomic.Int32

// FreePort returns a port on which no process listens. The system does not use ports of
// this range for outgoing connections. So the port stays free while a server restarts,
// and a client that dials it meanwhile does not reach itself. FreePort fails if all
// ports that it tries are taken.
func FreePort() (int, error) {
	// Other processes call FreePort at the same time, and their process ids are often near.
	lastPort.CompareAndSwap(0, 15000+rand.Int32N(8000))
	for range 1000 {
		port := int(lastPort.Add(1))
		if listener, err := net.Listen("tcp", ":"+strconv.Itoa(port)); err == nil {
			return port, listener.Close()
		}
	}
	return 0, errors.New("find a free port: all are taken")
}
