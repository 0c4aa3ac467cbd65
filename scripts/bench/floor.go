package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

const (
	// frameSize is the maximum size of a frame of the lottery's protocol.
	frameSize = 8000

	// senders is how many processes send the floor's bytes.
	senders = 5
)

// floorOfLottery measures the floor of a lottery with an input: the time from the start
// of the first sender to the exit of the last.
func (b *bench) floorOfLottery(ctx context.Context, in input) (time.Duration, error) {
	file, err := os.Create(filepath.Join(b.dir, "received"))
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name()) // otherwise the system writes it to the disk during the next run
	defer file.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	go receive(listener, file)
	var commands []*exec.Cmd
	for range senders {
		commands = append(commands, exec.Command(b.self, "send", listener.Addr().String()))
	}
	for i, path := range in.files {
		cmd := commands[i%senders]
		cmd.Args = append(cmd.Args, path)
	}
	_, elapsed, err := runAll(ctx, nil, commands)
	if err != nil {
		return 0, err
	}
	info, err := file.Stat()
	if err == nil && info.Size() != in.bytes {
		err = fmt.Errorf("el piso recibió %d bytes de %d", info.Size(), in.bytes)
	}
	return elapsed, err
}

// receive appends the frames of all senders to a file, each with one write. After the
// last frame it closes the connections: that is the acknowledgement. If it fails, bytes
// are missing in the file.
func receive(listener net.Listener, file *os.File) {
	var reading sync.WaitGroup
	var mu sync.Mutex // held during a write to the file
	for range senders {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		reading.Go(func() {
			frame := make([]byte, frameSize)
			for {
				n, err := io.ReadFull(conn, frame)
				mu.Lock()
				file.Write(frame[:n])
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	reading.Wait()
}

// sendFiles is the subcommand "send". It sends files, one after another, and waits for
// the acknowledgement. The arguments are the receiver's address and the files.
func sendFiles(args []string) error {
	conn, err := net.Dial("tcp", args[0])
	if err != nil {
		return err
	}
	defer conn.Close()
	frame := make([]byte, frameSize)
	for _, path := range args[1:] {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		// The structs hide the types: io.CopyBuffer would use sendfile, which a
		// program that builds frames cannot use.
		_, err = io.CopyBuffer(struct{ io.Writer }{conn}, struct{ io.Reader }{file}, frame)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	if _, err := conn.Read(frame); err != io.EOF {
		return fmt.Errorf("the receiver did not acknowledge: %w", err)
	}
	return nil
}

// floorOfRestart measures the floor of a restart: the time to read an input with
// encoding/csv and to count the winners.
func floorOfRestart(_ context.Context, in input) (time.Duration, error) {
	begin := time.Now()
	bets, winners := 0, 0
	for _, path := range in.files {
		file, err := os.Open(path)
		if err != nil {
			return 0, err
		}
		defer file.Close()
		rows := csv.NewReader(file)
		rows.ReuseRecord = true
		row, err := rows.Read()
		for ; err == nil; row, err = rows.Read() {
			bets++
			if row[len(row)-1] == "7574" {
				winners++
			}
		}
		if err != io.EOF {
			return 0, err
		}
	}
	return time.Since(begin), in.check(bets, winners)
}
