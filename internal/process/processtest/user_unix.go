//go:build unix

package processtest

import "syscall"

// becomeUser changes the user of this process. It panics if that is not allowed.
func becomeUser(id int) {
	if err := syscall.Setuid(id); err != nil {
		panic(err)
	}
}
