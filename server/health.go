package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/admin"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/config"
)

// badArguments returns the exit status of a wrong command line. Docker reserves 2
// for itself where the program is a health check.
func badArguments(arguments []string) int {
	for _, argument := range arguments {
		if strings.HasPrefix(strings.TrimLeft(argument, "-"), "health") {
			return 1
		}
	}
	return 2
}

// checkHealth asks the central that runs with the same configuration whether it is
// ready, and returns the exit status: 0 if it is, 1 if it is not or if that cannot
// be learned.
func checkHealth(ctx context.Context, path string, named bool, stdout, stderr io.Writer) int {
	cfg, err := config.Load(path, named)
	if err == nil {
		var lines string
		lines, err = admin.Ask(ctx, cfg.AdminAddress)
		fmt.Fprint(stdout, lines)
	}
	if err != nil {
		fmt.Fprintf(stderr, "server: %v\n", err)
		return 1
	}
	return 0
}
