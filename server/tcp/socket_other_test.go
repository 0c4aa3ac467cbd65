//go:build !unix

package tcp

import "testing"

func limitReceiveBuffer(uintptr, int) {}

func unreadBytes(t testing.TB, _ uintptr) int {
	t.Skip("only Unix tells what a socket holds unread")
	return 0
}
