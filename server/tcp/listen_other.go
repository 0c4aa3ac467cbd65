//go:build !unix

package tcp

import "net"

// On other systems the server does not ask for the limit of file descriptors, and the
// queue keeps the system's length.

func setBacklog(net.Listener, int) error {
	log.Warning("action: listen_backlog | result: fail | error: this system keeps its own length of the queue")
	return nil
}

func outOfDescriptors(error) bool { return false }

// ConnectionLimit is how many of the wanted connections the process has file
// descriptors for. others is how many the rest of the program needs beside its files.
func ConnectionLimit(wanted, _ int) int { return wanted }
