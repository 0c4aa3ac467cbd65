package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/demo/system"
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
	defer system.Stop(system.Grace, receiver)
	begin := time.Now()
	processes, err := l.startSenders(address, input.files)
	if err == nil {
		err = await(ctx, nil, processes...)
	}
	elapsed := time.Since(begin)
	if err == nil {
		err = await(ctx, nil, receiver)
	}
	if err != nil {
		system.Stop(system.Grace, processes...)
		return 0, err
	}
	info, err := os.Stat(received)
	if err == nil && info.Size() != input.bytes {
		err = fmt.Errorf("el piso recibió %d bytes de %d", info.Size(), input.bytes)
	}
	return elapsed, err
}

// startReceiver returns the receiver's address once it listens.
func (l *laboratory) startReceiver(ctx context.Context, file string, sync bool) (*system.Process, string, error) {
	said := make(chan string, 1)
	args := []string{"recibir", "-archivo", file, "-emisores", strconv.Itoa(senders), "-sync=" + strconv.FormatBool(sync)}
	receiver, err := system.Start("el receptor del piso", filepath.Join(l.dir, "piso"), args, func(line []byte) {
		select {
		case said <- string(line):
		default: // only the first line is the address
		}
	})
	if err != nil {
		return nil, "", err
	}
	select {
	case address := <-said:
		return receiver, address, nil
	case <-receiver.Done():
		return nil, "", receiver.Failure("no llegó a escuchar")
	case <-ctx.Done():
		system.Stop(system.Grace, receiver)
		return nil, "", ctx.Err()
	}
}

// startSenders deals the files out to the senders.
func (l *laboratory) startSenders(address string, files []string) ([]*system.Process, error) {
	var processes []*system.Process
	for i := range senders {
		args := []string{"enviar", "-direccion", address}
		for j := i; j < len(files); j += senders {
			args = append(args, files[j])
		}
		p, err := system.Start(fmt.Sprintf("el emisor %d del piso", i+1), filepath.Join(l.dir, "piso"), args, nil)
		if err != nil {
			return processes, err
		}
		processes = append(processes, p)
	}
	return processes, nil
}
