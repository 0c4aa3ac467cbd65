package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/demo/system"
)

// lottery runs a server and the agencies of a scenario in a new folder.
func (l *laboratory) lottery(ctx context.Context, s scenario, input *data, m *measurement) error {
	work, err := os.MkdirTemp(l.dir, "run-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work) // before the system writes it back
	var first time.Time
	server, err := system.StartServer(ctx, system.ServerOptions{
		Program: filepath.Join(l.dir, "server"), Dir: work, Agencies: len(input.files), Sync: s.sync,
		OnLine: func(line []byte) {
			if first.IsZero() && bytes.Contains(line, accepted) {
				first = time.Now()
			}
		},
	})
	if err != nil {
		return err
	}
	defer system.Stop(system.Grace, server.Process)
	server.WatchMemory()
	begin := time.Now()
	winners, err := l.upload(ctx, s, input, server, work, m)
	end := time.Now()
	if err != nil {
		return err
	}
	system.Stop(system.Grace, server.Process)
	if err := server.Err(); err != nil {
		return err
	}
	m.elapsed, m.connected, m.server = end.Sub(begin), end.Sub(first), server.PeakMemory()
	return check(server.Storage, input, winners)
}

// accepted is what the server says of a connection.
var accepted = []byte("action: accept_connections | result: success")

// upload runs the agencies to their end and returns the number of winners that
// they were told.
func (l *laboratory) upload(ctx context.Context, s scenario, input *data, server *system.Server, work string, m *measurement) (int, error) {
	winners := make([]int, len(input.files))
	var clients []*system.Process
	var err error
	if s.times > 0 {
		clients, err = l.startAgencies(input, server, work, winners)
	} else {
		clients, err = l.startCrowd(s, input, server, winners)
	}
	if err == nil {
		err = await(ctx, server.Process, clients...)
	}
	if err != nil {
		system.Stop(system.Grace, clients...)
		return 0, err
	}
	total := 0
	for _, n := range winners {
		total += n
	}
	for _, client := range clients {
		m.client = max(m.client, client.PeakMemory())
	}
	return total, nil
}

func (l *laboratory) startAgencies(input *data, server *system.Server, work string, winners []int) ([]*system.Process, error) {
	var clients []*system.Process
	for i, file := range input.files {
		client, err := system.StartAgency(system.AgencyOptions{
			Program: filepath.Join(l.dir, "client"), Dir: work, ID: i + 1,
			Server: server.Address, Data: file, Batch: l.batch,
			OnLine: noteWinners(&winners[i]),
		})
		if err != nil {
			return clients, err
		}
		client.WatchMemory()
		clients = append(clients, client)
	}
	return clients, nil
}

func (l *laboratory) startCrowd(s scenario, input *data, server *system.Server, winners []int) ([]*system.Process, error) {
	crowd, err := system.Start("la multitud", filepath.Join(l.dir, "multitud"), []string{
		"-direccion", server.Address, "-datos", input.dir,
		"-agencias", strconv.Itoa(s.agencies), "-lote", strconv.Itoa(l.batch),
	}, noteWinners(&winners[0])) // each agency says it too, but the last line is the sum
	if err != nil {
		return nil, err
	}
	crowd.WatchMemory()
	return []*system.Process{crowd}, nil
}

func noteWinners(winners *int) func([]byte) {
	return func(line []byte) {
		if n, ok := system.Winners(line); ok {
			*winners = n
		}
	}
}

// await waits for processes to end well, while another one, if any, goes on.
func await(ctx context.Context, other *system.Process, processes ...*system.Process) error {
	var gone <-chan struct{}
	if other != nil {
		gone = other.Done()
	}
	for _, p := range processes {
		select {
		case <-p.Done():
			if err := p.Err(); err != nil {
				return err
			}
		case <-gone:
			return other.Failure("terminó antes de tiempo")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// check makes sure that what was measured did its work.
func check(storage string, input *data, winners int) error {
	file, err := os.Open(storage)
	if err != nil {
		return err
	}
	defer file.Close()
	rows, buffer := 0, make([]byte, 1<<20)
	for {
		n, err := file.Read(buffer)
		rows += bytes.Count(buffer[:n], []byte{'\n'})
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if rows != input.bets || winners != input.winners {
		return fmt.Errorf("se almacenaron %d apuestas con %d ganadores, y son %d con %d", rows, winners, input.bets, input.winners)
	}
	return nil
}
