package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity/authority"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/cluster"
)

// runLottery runs the central and the agencies of a scenario, with the programs in a
// folder. It checks that every bet was stored and that the agencies have all winners.
func (b *bench) runLottery(ctx context.Context, s scenario, in input, programs string) (outcome, error) {
	dir, err := os.MkdirTemp(b.dir, "run-")
	if err != nil {
		return outcome{}, err
	}
	defer os.RemoveAll(dir) // otherwise the system writes it to the disk during the next run
	c, err := b.startCentral(ctx, s, in, programs, dir)
	if err != nil {
		return outcome{}, err
	}
	defer c.kill()
	if s.latency {
		waits, err := timeBatches(ctx, c.address())
		if err != nil || s.entries == 0 {
			return outcome{waits: waits}, err
		}
		elapsed, err := timeStart(ctx, c.(*replicated).Cluster)
		return outcome{elapsed: elapsed, server: c.memory(), waits: waits}, err
	}
	clients, elapsed, err := runAll(ctx, c.only(), b.agencyCommands(s, in, programs, c.address()))
	if err == nil {
		err = c.stop(ctx)
	}
	if err != nil {
		return outcome{}, err
	}
	o := outcome{elapsed: elapsed, server: c.memory(), waits: c.waits()}
	winners := 0
	for _, client := range clients {
		o.client = max(o.client, client.PeakMemory())
		winners += countWinners(client.Lines())
	}
	bets, err := c.bets()
	if err == nil {
		err = in.check(bets, winners)
	}
	if err != nil || !s.restart {
		return o, err
	}
	return b.restart(ctx, s, in, programs, dir)
}

// startServer starts a server on a free port. It returns the server and its address when
// the server listens.
func (b *bench) startServer(ctx context.Context, s scenario, in input, programs, dir string) (*process.Process, string, error) {
	port, err := process.FreePort()
	if err != nil {
		return nil, "", err
	}
	command := process.Command(filepath.Join(programs, "server"), dir,
		"SERVER_PORT="+strconv.Itoa(port),
		"SERVER_LISTEN_BACKLOG=1024", // all agencies dial at once
		"SERVER_AGENCIES="+strconv.Itoa(len(in.files)),
		"SERVER_STORAGE_SYNC="+strconv.FormatBool(s.sync))
	if s.tls {
		command.Env = append(command.Env, authority.CentralEnv(b.certificates())...)
	}
	server, err := process.Start("server", command, nil)
	if err != nil {
		return nil, "", err
	}
	server.WatchMemory()
	if err := cluster.AwaitListening(ctx, server); err != nil {
		process.Stop(server)
		return nil, "", err
	}
	return server, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), nil
}

// agencyCommands returns the commands that run the clients, or the one subcommand that
// runs many agencies.
func (b *bench) agencyCommands(s scenario, in input, programs, address string) []*exec.Cmd {
	if s.agencies > 0 {
		return []*exec.Cmd{exec.Command(b.self, "agencies", address, strconv.Itoa(s.agencies), in.files[0])}
	}
	var commands []*exec.Cmd
	for i, file := range in.files {
		command := process.Command(filepath.Join(programs, "client"), b.dir,
			"CLI_ID="+strconv.Itoa(i+1),
			"CLI_SERVER_ADDRESS="+address,
			"CLI_DATA_FILE="+file)
		if s.tls {
			command.Env = append(command.Env, authority.AgencyEnv(b.certificates(), lottery.AgencyID(i+1))...)
		}
		commands = append(commands, command)
	}
	return commands
}

// restart starts the server again with the same bets.csv. It measures the time until the
// server has recovered the draw.
func (b *bench) restart(ctx context.Context, s scenario, in input, programs, dir string) (outcome, error) {
	begin := time.Now()
	server, _, err := b.startServer(ctx, s, in, programs, dir)
	if err != nil {
		return outcome{}, err
	}
	defer process.Stop(server)
	_, err = server.WaitLines(ctx, "action: sorteo_recuperado | result: success", 1)
	return outcome{elapsed: time.Since(begin), server: server.PeakMemory()}, err
}

// countWinners adds up the winners in the log lines of agencies.
func countWinners(lines []string) int {
	total := 0
	for _, line := range lines {
		_, after, _ := strings.Cut(line, "action: consulta_ganadores | result: success | cant_ganadores: ")
		count, _, _ := strings.Cut(after, " ")
		if n, err := strconv.Atoi(count); err == nil {
			total += n
		}
	}
	return total
}

func countRows(path string) (int, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	rows, lines := 0, bufio.NewScanner(file)
	for lines.Scan() {
		rows++
	}
	return rows, lines.Err()
}

// check fails if a run did not have exactly the bets and winners of the input.
func (in input) check(bets, winners int) error {
	if bets != in.bets || winners != in.winners {
		return fmt.Errorf("son %d apuestas con %d ganadores, y debían ser %d con %d", bets, winners, in.bets, in.winners)
	}
	return nil
}
