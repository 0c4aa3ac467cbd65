package process

import (
	"context"
	"errors"
	"fmt"
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

// Build compiles packages of this module, named by their folders, into dir. With
// race it uses the race detector; otherwise it builds without cgo, as the images do.
// If the context ends, the compiler is interrupted.
func Build(ctx context.Context, dir string, race bool, folders ...string) error {
	args := []string{"build", "-buildvcs=false", "-o", dir + string(filepath.Separator)}
	env := append(os.Environ(), "GOTMPDIR="+dir) // what an interrupted compiler leaves is removed with dir
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

// Command returns a command that runs a program in a folder. Its environment is
// this process's, without SERVER_*, CLI_*, LOGGING_LEVEL and the five variables of a
// bet, and with the given settings, each a NAME=value.
func Command(program, dir string, settings ...string) *exec.Cmd {
	cmd := exec.Command(program)
	cmd.Dir = dir
	cmd.Env = environment(settings)
	return cmd
}

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
	// A program with the race detector would wait for a second before it exits.
	env = append(env, "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	return append(env, settings...)
}

var lastPort atomic.Int32

// FreePort returns a port that nothing listens on. It is none of those that the
// system gives to outgoing connections: it is still free when a server stops and
// starts again, and a client that dials it meanwhile does not reach itself. The
// error says that every port that was tried is taken.
func FreePort() (int, error) {
	lastPort.CompareAndSwap(0, int32(15000+os.Getpid()%8000)) // other processes look for ports too
	for range 1000 {
		port := int(lastPort.Add(1))
		if listener, err := net.Listen("tcp", ":"+strconv.Itoa(port)); err == nil {
			return port, listener.Close()
		}
	}
	return 0, errors.New("find a free port: all are taken")
}
