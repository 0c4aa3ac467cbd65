//go:build !unix

package processtest

// becomeUser panics: only on Unix a process can become another user's.
func becomeUser(int) { panic("AsUser works on Unix alone") }
