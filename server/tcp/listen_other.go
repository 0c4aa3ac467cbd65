//go:build !unix

package tcp

import "net"

// Elsewhere file descriptors have no limit that is worth knowing, and the system's
// own length of the queue stays.

func setBacklog(net.Listener, int) error {
	log.Warning("action: listen_backlog | result: fail | error: this system keeps its own length of the queue")
	return nil
}

func outOfDescriptors(error) bool { return false }

// ConnectionLimit is how many of the wanted connections the process has file
// descriptors for.
func ConnectionLimit(wanted int) int { return wanted }
