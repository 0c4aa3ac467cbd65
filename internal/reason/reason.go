// Package reason shortens the errors of packages os and net to why the system
// refused. What these put before it, such as "read tcp 127.0.0.1:1->127.0.0.1:2: read:",
// says again what a caller's own words say.
package reason

import (
	"io/fs"
	"net"
	"os"
)

// Of returns why a call of the system failed: err without the names of the call, of
// its file and of its addresses. Other errors it returns as they are.
func Of(err error) error {
	for {
		switch e := err.(type) {
		case *net.OpError:
			err = e.Err
		case *fs.PathError:
			err = e.Err
		case *os.SyscallError:
			err = e.Err
		default:
			return err
		}
	}
}
