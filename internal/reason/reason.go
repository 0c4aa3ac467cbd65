// Package reason shortens the errors of packages os and net to the reason of the
// system. These packages put text before the reason, such as
// "read tcp 127.0.0.1:1->127.0.0.1:2: read:". Our errors already say what failed.
package reason

import (
	"io/fs"
	"net"
	"os"
)

// Of returns the reason why a system call failed: err without the names of the call,
// the file and the addresses. It returns other errors as they are.
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
