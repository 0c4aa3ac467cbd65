package natsserver

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Version is the version of nats-server that Build builds, and of the image in the
// generated compose file.
const Version = "2.15.3"

// Build returns the path of a nats-server of that version in the user's cache. At the
// first time it builds the program there, which takes a minute and needs a module
// proxy.
func Build(ctx context.Context) (path string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("cache for nats-server: %w", err)
	}
	folder := filepath.Join(cache, "loteria-nats-server-"+Version)
	program := "nats-server"
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	path = filepath.Join(folder, program)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	// Programs that build at the same time do so in folders of their own.
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("cache for nats-server: %w", err)
	}
	building, err := os.MkdirTemp(folder, "build-")
	if err != nil {
		return "", fmt.Errorf("cache for nats-server: %w", err)
	}
	defer os.RemoveAll(building)
	cmd := exec.CommandContext(ctx, "go", "install", "github.com/nats-io/nats-server/v2@v"+Version)
	cmd.Dir = building
	cmd.Env = append(os.Environ(), "GOBIN="+building, "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off")
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build nats-server %s: %w: %.500s", Version, err, output)
	}
	if err := os.Rename(filepath.Join(building, program), path); err != nil {
		return "", fmt.Errorf("cache for nats-server: %w", err)
	}
	return path, nil
}
