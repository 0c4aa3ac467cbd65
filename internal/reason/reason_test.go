package reason

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestOf(t *testing.T) {
	_, missing := os.Open(filepath.Join(t.TempDir(), "none"))
	_, isFolder := os.ReadFile(t.TempDir())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, taken := net.Listen("tcp", listener.Addr().String())
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Unix(1, 0))
	_, late := conn.Read(make([]byte, 1))
	listener.Close()
	_, refused := net.Dial("tcp", listener.Addr().String())
	wrapped := errors.Join(missing)
	for _, tt := range []struct {
		err  error
		want string
	}{
		{missing, "no such file or directory"},
		{isFolder, "is a directory"},
		{taken, "address already in use"},
		{late, "i/o timeout"},
		{refused, "connection refused"},
		{io.EOF, "EOF"},
		{wrapped, wrapped.Error()},
	} {
		if got := Of(tt.err); got.Error() != tt.want {
			t.Errorf("%v: got %q, want %q", tt.err, got, tt.want)
		}
	}
	if Of(nil) != nil {
		t.Error("nil became an error")
	}
	if !errors.Is(Of(missing), fs.ErrNotExist) || !errors.Is(Of(late), os.ErrDeadlineExceeded) {
		t.Error("an error is not what it was")
	}
}
