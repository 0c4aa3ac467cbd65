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

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// TestEstabilidad repeats the tests that depend on the timing of `docker compose logs -f`,
// while every core is busy. "make estabilidad" runs it.
func TestEstabilidad(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv("ESTABILIDAD"))
	if err != nil {
		t.Skip("runs with ESTABILIDAD=N, the number of rounds")
	}
	needContainers(t)
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

// allCoresVariable is an environment variable. With it this test binary keeps every core
// busy until its standard input is closed: at the latest when its parent ends.
const allCoresVariable = "CONTAINERS_ALL_CORES"

func useAllCores() {
	for range runtime.NumCPU() {
		go func() {
			for n := 0; ; n++ {
			}
		}()
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// keepBusy keeps every core busy until the test ends.
func keepBusy(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), allCoresVariable+"=1")
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	processtest.Start(t, cmd)
}
