//go:build !unix

package processtest

// becomeUser panics: it exists only on Unix.
func becomeUser(int) { panic("AsUser works on Unix alone") }
