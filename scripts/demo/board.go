package main

import (
	"context"
	"errors"
	"net"
	"strconv"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
)

// errClosed says that somebody has closed a board whose lottery had ended.
var errClosed = errors.New("the board was closed")

// stay waits until the context ends. It fails if the server ends before.
func stay(ctx context.Context, server *process.Process) error {
	select {
	case <-ctx.Done():
		return errClosed
	case <-server.Done():
		return server.Failure("terminó antes de que se cerrara el tablero")
	}
}

// boardAddress is where the board is: at its usual port if that is free.
func boardAddress() (string, error) {
	const usual = "127.0.0.1:12346"
	if listener, err := net.Listen("tcp", usual); err == nil {
		return usual, listener.Close()
	}
	port, err := process.FreePort()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), err
}

// boardDelay is the pause from the draw to its results in a lottery with a board.
const boardDelay = "3s"
