// Command ramas creates or moves the course's local branches ej1 … ej8. Each is
// main plus one commit that says which exercise the branch shows and makes it
// what generar-compose.sh generates by default.
//
// The work tree, the index and the current branch stay as they are. The commits
// depend on main alone, so a second run changes nothing.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := makeBranches(ctx, ".", runGenerator, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "make ramas:", err)
		os.Exit(1)
	}
}
