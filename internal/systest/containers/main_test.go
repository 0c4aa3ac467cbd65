// Package containers tests the system in containers. It copies the project, builds the
// images, generates Compose files and starts the containers. Then it follows their logs,
// and checks the lines in the order in which Docker Compose shows them.
//
// The tests need a Docker engine, and run only with CONTAINERS=1. The containers have the
// assignment's names. So the tests run one at a time, and fail at once if containers with
// these names exist. With ESTABILIDAD=N the tests that depend on timing run N times,
// while every core is busy.
package containers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
)

// project is the folder of the copy of the project. It is "" without CONTAINERS=1.
var project string

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(allCoresVariable) != "":
		useAllCores()
	case os.Getenv("CONTAINERS") == "":
		os.Exit(m.Run())
	default:
		os.Exit(runInContainers(m))
	}
}

func runInContainers(m *testing.M) int {
	if err := checkNamesAreFree(); err != nil {
		fmt.Fprintln(os.Stderr, "container tests:", err)
		return 1
	}
	dir, err := os.MkdirTemp("", "containers-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "container tests:", err)
		return 1
	}
	ctx, cancel := process.UntilSignal()
	defer cancel()
	context.AfterFunc(ctx, func() {
		if status, interrupted := process.Interrupted(ctx); interrupted {
			cleanUp(dir)
			os.Exit(status)
		}
	})
	defer cleanUp(dir)
	project = dir
	if err := prepare(dir); err != nil {
		fmt.Fprintln(os.Stderr, "container tests:", err)
		return 1
	}
	return m.Run()
}

var ourNames = regexp.MustCompile(`(?m)^(server\d*|nats\d+|client\d+|tp0[_-].*)$`)

// checkNamesAreFree fails if containers, networks or volumes with the tests' names exist.
func checkNamesAreFree() error {
	var taken []string
	for _, list := range [][]string{
		{"ps", "--all", "--format", "{{.Names}}"},
		{"network", "ls", "--format", "{{.Name}}"},
		{"volume", "ls", "--format", "{{.Name}}"},
	} {
		names, err := output(".", "docker", list...)
		if err != nil {
			return err
		}
		taken = append(taken, ourNames.FindAllString(names, -1)...)
	}
	if len(taken) == 0 {
		return nil
	}
	return fmt.Errorf("%s exist already and were left as they are; take that system down first "+
		"(docker compose -f docker-compose-dev.yaml down -v)", strings.Join(taken, ", "))
}

// cleanUp removes everything but the images. It also runs after an interrupted test.
func cleanUp(dir string) {
	if _, err := output(".", "docker", "compose", "-p", "tp0", "down", "-v", "-t", "0", "--remove-orphans"); err != nil {
		fmt.Fprintln(os.Stderr, "container tests: clean up:", err)
	}
	_ = os.RemoveAll(dir)
}

func prepare(dir string) error {
	if err := copyProject("../../..", dir); err != nil {
		return err
	}
	if _, err := output(dir, "env", "CGO_ENABLED=0", "GOOS=linux",
		"go", "build", "-o", "echoserver", "./internal/systest/containers/echoserver"); err != nil {
		return err
	}
	for _, image := range []string{"server", "client"} {
		if _, err := output(dir, "docker", "build", "-f", "./"+image+"/Dockerfile", "-t", image+":latest", "."); err != nil {
			return err
		}
	}
	return nil
}

// copyProject copies the project without the files that the commands make. It includes
// uncommitted changes.
func copyProject(from, to string) error {
	unwanted := regexp.MustCompile(`^(\.git|bin|bets\.csv.*|\.data/.*\.(csv|zip))$`)
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		switch {
		case unwanted.MatchString(filepath.ToSlash(name)):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return os.MkdirAll(target, 0o755)
		case !entry.Type().IsRegular():
			return nil
		}
		return copyFile(path, target)
	})
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// output runs a command and returns its output, without the last line break.
func output(dir, name string, args ...string) (string, error) {
	return outputWithin(10*time.Minute, dir, name, args...)
}

func outputWithin(limit time.Duration, dir, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	text := strings.TrimSuffix(string(out), "\n")
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return text, fmt.Errorf("%s %s: %w: %s%s", name, strings.Join(args, " "), err, out, exit.Stderr)
	}
	return text, err
}
