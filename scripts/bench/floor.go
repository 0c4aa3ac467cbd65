package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
)

// senders is how many processes send to the floor's receiver.
const senders = 5

// floor measures the floor with a load's files: from the start of the senders
// to the exit of the last.
func (l *laboratory) floor(ctx context.Context, input *data, sync bool) (time.Duration, error) {
	received := filepath.Join(l.dir, "received")
	defer os.Remove(received) // before the system writes it back
	receiver, address, err := l.startReceiver(ctx, received, sync)
	if err != nil {
		return 0, err
	}
	defer process.Stop(receiver)
	begin := time.Now()
	processes, err := l.startSenders(address, input.files)
	if err == nil {
		err = process.WaitAll(ctx, nil, processes...)
	}
	elapsed := time.Since(begin)
	if err == nil {
		err = process.WaitAll(ctx, nil, receiver)
	}
	if err != nil {
		process.Stop(processes...)
		return 0, err
	}
	info, err := os.Stat(received)
	if err == nil && info.Size() != input.bytes {
		err = fmt.Errorf("el piso recibió %d bytes de %d", info.Size(), input.bytes)
	}
	return elapsed, err
}

// startReceiver returns the receiver's address once it listens.
func (l *laboratory) startReceiver(ctx context.Context, file string, sync bool) (*process.Process, string, error) {
	args := []string{"recibir", "-archivo", file, "-emisores", strconv.Itoa(senders), "-sync=" + strconv.FormatBool(sync)}
	receiver, err := process.Start("el receptor del piso", exec.Command(filepath.Join(l.dir, "piso"), args...), nil)
	if err != nil {
		return nil, "", err
	}
	lines, err := receiver.WaitLines(ctx, "", 1)
	if err != nil {
		process.Stop(receiver)
		return nil, "", err
	}
	return receiver, lines[0], nil
}

// startSenders deals the files out to the senders.
func (l *laboratory) startSenders(address string, files []string) ([]*process.Process, error) {
	var processes []*process.Process
	for i := range senders {
		args := []string{"enviar", "-direccion", address}
		for j := i; j < len(files); j += senders {
			args = append(args, files[j])
		}
		p, err := process.Start(fmt.Sprintf("el emisor %d del piso", i+1), exec.Command(filepath.Join(l.dir, "piso"), args...), nil)
		if err != nil {
			return processes, err
		}
		processes = append(processes, p)
	}
	return processes, nil
}
