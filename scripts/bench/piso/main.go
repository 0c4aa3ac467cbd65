// Command piso is the floor that the benchmark measures the lottery against:
// the same bytes, in frames of the same size, over the same loopback, into one
// file, by as many processes, and not a thought about what the bytes mean.
//
//	piso recibir -archivo FILE -emisores N [-sync]
//	piso enviar -direccion ADDRESS FILE…
//
// The receiver prints the address on which it listens, reads each connection in
// a goroutine of its own, and appends every frame to the file with one write.
// When all senders are done it syncs the file once, if asked to, and then closes
// the connections, which is the acknowledgement that the senders wait for.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
)

// frameSize is the most that a frame of the lottery's protocol may hold.
const frameSize = 8000

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "piso:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return errors.New("uso: piso recibir|enviar …")
	}
	flags := flag.NewFlagSet("piso "+args[0], flag.ContinueOnError)
	switch args[0] {
	case "recibir":
		file := flags.String("archivo", "", "donde se agrega lo recibido")
		senders := flags.Int("emisores", 1, "cuántas conexiones se esperan")
		sync := flags.Bool("sync", false, "un fsync al final, antes de confirmar")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return receive(*file, *senders, *sync, stdout)
	case "enviar":
		address := flags.String("direccion", "", "del receptor")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return send(*address, flags.Args())
	}
	return fmt.Errorf("no existe el modo %q", args[0])
}

// sink is the file that all connections append to.
type sink struct {
	mu   sync.Mutex
	file *os.File
}

func (s *sink) Write(frame []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.Write(frame)
}

func receive(path string, senders int, sync bool, stdout io.Writer) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close() // for the error paths
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	fmt.Fprintln(stdout, listener.Addr())

	results := make(chan error, senders)
	out := &sink{file: file}
	for range senders {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		defer conn.Close() // the acknowledgement, once all is written
		go func() { results <- drain(conn, out) }()
	}
	for range senders {
		if err := <-results; err != nil {
			return err
		}
	}
	if sync {
		if err := file.Sync(); err != nil {
			return err
		}
	}
	return file.Close()
}

// drain appends a connection's frames, the last of which may be shorter.
func drain(conn net.Conn, out io.Writer) error {
	frame := make([]byte, frameSize)
	for {
		n, err := io.ReadFull(conn, frame)
		if _, err := out.Write(frame[:n]); err != nil {
			return err
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return nil
		default:
			return err
		}
	}
}

// send sends files one after the other, and waits for the acknowledgement.
func send(address string, files []string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	frame := make([]byte, frameSize)
	for _, path := range files {
		if err := sendFile(conn, path, frame); err != nil {
			return err
		}
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	if _, err := conn.Read(frame); err != io.EOF { // until the receiver closes
		return fmt.Errorf("el receptor no confirmó: %w", err)
	}
	return nil
}

func sendFile(conn net.Conn, path string, frame []byte) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	// Neither end may take a shortcut inside the kernel: hide that these are a
	// file and a connection, or io.Copy would use sendfile.
	_, err = io.CopyBuffer(struct{ io.Writer }{conn}, struct{ io.Reader }{file}, frame)
	return err
}
