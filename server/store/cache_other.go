//go:build !linux

package store

import "os"

// dropCache does nothing: only Linux is known to show pages after a failed sync
// that the disk lacks, and to have a call that drops them.
func dropCache(*os.File) error { return nil }
