package containers

import (
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"testing"
)

// TestEstabilidad runs the tests that depend on what `docker compose logs -f`
// shows, and when, again and again while every core is busy with something else.
// It is what make estabilidad runs.
func TestEstabilidad(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv("ESTABILIDAD"))
	if err != nil {
		t.Skip("runs with ESTABILIDAD=N, the number of rounds")
	}
	if project == "" {
		t.Skip("container tests run with CONTAINERS=1 and a Docker engine")
	}
	keepBusy(t)
	passed := make(map[string]int)
	names := slices.Sorted(maps.Keys(lotteries))
	for round := range rounds {
		for _, name := range names {
			if t.Run(fmt.Sprintf("%d %s", round+1, name), func(t *testing.T) { lotteries[name].run(t) }) {
				passed[name]++
			}
		}
	}
	for _, name := range names {
		t.Logf("%s: %d of %d", name, passed[name], rounds)
	}
}

// burnVariable makes this test binary a process that keeps every core busy for
// as long as its standard input is open.
const burnVariable = "CONTAINERS_BURN"

func burn() {
	for range runtime.NumCPU() {
		go func() {
			for n := 0; ; n++ {
			}
		}()
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// keepBusy keeps the machine's cores busy until the test ends.
func keepBusy(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), burnVariable+"=1")
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}
