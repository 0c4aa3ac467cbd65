package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
)

// lottery runs a server and the agencies of a scenario in a new folder.
func (l *laboratory) lottery(ctx context.Context, s scenario, input *data, m *measurement) error {
	work, err := os.MkdirTemp(l.dir, "run-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work) // before the system writes it back
	var first time.Time
	server, err := l.startServer(work, len(input.files), s.sync, func(line string) {
		if first.IsZero() && strings.Contains(line, accepted) {
			first = time.Now()
		}
	})
	if err != nil {
		return err
	}
	defer process.Stop(server.Process)
	if _, err := server.WaitLines(ctx, "action: accept_connections | result: in_progress", 1); err != nil {
		return err
	}
	server.WatchMemory()
	begin := time.Now()
	winners, err := l.upload(ctx, s, input, server, work, m)
	end := time.Now()
	if err != nil {
		return err
	}
	process.Stop(server.Process)
	if err := server.Err(); err != nil {
		return err
	}
	m.elapsed, m.connected, m.server = end.Sub(begin), end.Sub(first), server.PeakMemory()
	return check(server.storage, input, winners)
}

// accepted is what the server says of a connection.
const accepted = "action: accept_connections | result: success"

// server is a running server.
type server struct {
	*process.Process
	address string // where it listens
	storage string // its bets.csv
}

func (l *laboratory) startServer(dir string, agencies int, sync bool, onLine func(string)) (*server, error) {
	port, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	storage := filepath.Join(dir, "bets.csv")
	p, err := process.Start("el servidor", process.Command(filepath.Join(l.dir, "server"), dir,
		"SERVER_PORT="+strconv.Itoa(port),
		"SERVER_LISTEN_BACKLOG="+strconv.Itoa(max(128, agencies)), // all agencies may dial at once
		"SERVER_AGENCIES="+strconv.Itoa(agencies),
		"SERVER_STORAGE="+storage,
		"SERVER_STORAGE_SYNC="+strconv.FormatBool(sync)), onLine)
	if err != nil {
		return nil, err
	}
	return &server{p, "127.0.0.1:" + strconv.Itoa(port), storage}, nil
}

// upload runs the agencies to their end and returns the number of winners that
// they were told.
func (l *laboratory) upload(ctx context.Context, s scenario, input *data, server *server, work string, m *measurement) (int, error) {
	var clients []*process.Process
	var err error
	if s.times > 0 {
		clients, err = l.startAgencies(input, server, work)
	} else {
		clients, err = l.startCrowd(s, input, server)
	}
	if err == nil {
		err = process.WaitAll(ctx, server.Process, clients...)
	}
	if err != nil {
		process.Stop(clients...)
		return 0, err
	}
	total := 0
	for _, client := range clients {
		total += winners(client.Lines())
		m.client = max(m.client, client.PeakMemory())
	}
	return total, nil
}

func (l *laboratory) startAgencies(input *data, server *server, work string) ([]*process.Process, error) {
	var clients []*process.Process
	for i, file := range input.files {
		settings := []string{"CLI_ID=" + strconv.Itoa(i+1), "CLI_SERVER_ADDRESS=" + server.address, "CLI_DATA_FILE=" + file}
		if l.batch > 0 {
			settings = append(settings, "CLI_BATCH_MAXAMOUNT="+strconv.Itoa(l.batch))
		}
		client, err := process.Start(fmt.Sprintf("la agencia %d", i+1), process.Command(filepath.Join(l.dir, "client"), work, settings...), nil)
		if err != nil {
			return clients, err
		}
		client.WatchMemory()
		clients = append(clients, client)
	}
	return clients, nil
}

func (l *laboratory) startCrowd(s scenario, input *data, server *server) ([]*process.Process, error) {
	crowd, err := process.Start("la multitud", exec.Command(filepath.Join(l.dir, "multitud"),
		"-direccion", server.address, "-datos", input.dir,
		"-agencias", strconv.Itoa(s.agencies), "-lote", strconv.Itoa(l.batch)), nil)
	if err != nil {
		return nil, err
	}
	crowd.WatchMemory()
	return []*process.Process{crowd}, nil
}

// winners returns how many winners the last answer in a log has: of a client, or
// of the crowd, whose last line is the sum.
func winners(log []string) (n int) {
	for _, line := range log {
		if _, count, ok := strings.Cut(line, "action: consulta_ganadores | result: success | cant_ganadores: "); ok {
			n, _ = strconv.Atoi(count)
		}
	}
	return n
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
