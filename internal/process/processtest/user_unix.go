//go:build unix

package processtest

import "syscall"

// becomeUser makes this process another user's. It panics if it may not.
func becomeUser(id int) {
	if err := syscall.Setuid(id); err != nil {
		panic(err)
	}
}
