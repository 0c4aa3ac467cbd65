//go:build !unix

package tcp

import "net"

// Elsewhere the system's own length of the queue stays, and file descriptors have
// no limit that is worth knowing.

func setBacklog(net.Listener, int) error { return nil }

func outOfDescriptors(error) bool { return false }

// ConnectionLimit is how many of the wanted connections the process has file
// descriptors for.
func ConnectionLimit(wanted int) int { return wanted }
