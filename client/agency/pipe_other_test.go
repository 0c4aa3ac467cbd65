//go:build !unix

package agency

import "testing"

// pipe skips the test: there are no named pipes here.
func pipe(t *testing.T) string {
	t.Skip("no named pipes here")
	return ""
}
