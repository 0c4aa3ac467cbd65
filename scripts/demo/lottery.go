package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity/authority"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/demo/timeline"
)

// runLottery runs the processes to the end of the agencies. show is given the path of
// bets.csv and the time from the start of the first agency to the exit of the last.
// With a board the server stays until the context ends.
func runLottery(ctx context.Context, opts options, dir string, agencies []*agency, stdout *os.File, show func(storage string, elapsed time.Duration) error) error {
	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o755); err != nil {
		return err
	}
	port, err := process.FreePort()
	if err != nil {
		return err
	}
	storage := filepath.Join(work, "bets.csv")
	var certificates string
	if opts.tls {
		certificates = filepath.Join(dir, "certificados")
		if err := authority.Fill(certificates, len(agencies), time.Now()); err != nil {
			return err
		}
	}
	progress := newProgress(stdout, agencies)
	server, err := process.Start("el servidor", serverCommand(opts, storage, port, len(agencies), certificates), func(line string) {
		if agency, bets, ok := stored(line); ok {
			progress.add(agency, bets)
		}
	})
	if err != nil {
		return err
	}
	defer process.Stop(server)
	if err := waitUntilItListens(ctx, server); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "  Servidor  en 127.0.0.1:%d, espera a %s para el sorteo\n", port, plural(len(agencies), "agencia"))
	if opts.tls {
		fmt.Fprintln(stdout, "  TLS       cada uno demuestra con un certificado quién es")
	}
	fmt.Fprintln(stdout)

	if opts.board != "" {
		fmt.Fprintf(stdout, "  Tablero   en http://%s: se abre con un navegador; las agencias suben despacio\n\n", opts.board)
	}
	progress.begin()
	start := time.Now()
	err = upload(ctx, opts, work, port, certificates, server, agencies)
	elapsed := time.Since(start)
	if opts.board == "" || err != nil {
		process.Stop(server)
		if err == nil {
			err = server.Err()
		}
	} else {
		_, err = server.WaitLines(ctx, "action: ganadores_enviados | result: success", len(agencies))
	}
	progress.end() // the server's last lines have been read
	if err == nil {
		err = show(storage, elapsed)
	}
	if err == nil && opts.board != "" {
		fmt.Fprintf(stdout, "  Tablero     sigue en http://%s; Ctrl-C lo cierra\n", opts.board)
		err = stay(ctx, server)
	}
	return err
}

// errClosed says that somebody has closed a board whose lottery had ended.
var errClosed = errors.New("the board was closed")

// stay waits until the context ends. It fails if the server ends before.
func stay(ctx context.Context, server *process.Process) error {
	select {
	case <-ctx.Done():
		return errClosed
	case <-server.Done():
		return server.Failure("terminó antes de que se cerrara el tablero")
	}
}

// boardAddress is where the board is: at its usual port if that is free.
func boardAddress() (string, error) {
	const usual = "127.0.0.1:12346"
	if listener, err := net.Listen("tcp", usual); err == nil {
		return usual, listener.Close()
	}
	port, err := process.FreePort()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), err
}

// The pace of a lottery with a board: the official data then takes half a minute.
const (
	boardPeriod = "100ms" // between two batches of an agency
	boardDelay  = "3s"    // from the draw to its results
)

// serverCommand runs the server, with TLS if there is a folder of certificates.
func serverCommand(opts options, storage string, port, agencies int, certificates string) *exec.Cmd {
	command := process.Command(opts.server, filepath.Dir(storage),
		"SERVER_PORT="+strconv.Itoa(port),
		"SERVER_LISTEN_BACKLOG="+strconv.Itoa(maxAgencies), // all agencies may dial at once
		"SERVER_AGENCIES="+strconv.Itoa(agencies),
		"SERVER_STORAGE="+storage,
		"SERVER_STORAGE_SYNC=true",
		timeline.DataVariable+"="+opts.data)
	if certificates != "" {
		command.Env = append(command.Env, authority.CentralEnv(certificates)...)
	}
	if opts.board != "" {
		command.Env = append(command.Env, "SERVER_ADMIN_ADDRESS="+opts.board, "SERVER_PUBLISH_DELAY="+boardDelay)
	}
	return command
}

// startLimit is how long the server may take to listen, on a loaded machine.
const startLimit = 30 * time.Second

// waitUntilItListens fails if agencies cannot connect within startLimit.
func waitUntilItListens(ctx context.Context, server *process.Process) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	_, err := server.WaitLines(ctx, "action: accept_connections | result: in_progress", 1)
	return err
}

// upload runs the agencies until all have ended, and sets how many winners each
// was told.
func upload(ctx context.Context, opts options, dir string, port int, certificates string, server *process.Process, agencies []*agency) error {
	period := "0s"
	if opts.board != "" {
		period = boardPeriod
	}
	var started []*process.Process
	defer func() { process.Stop(started...) }()
	for _, a := range agencies {
		command := process.Command(opts.client, dir,
			"CLI_ID="+strconv.Itoa(a.Agency),
			"CLI_SERVER_ADDRESS=127.0.0.1:"+strconv.Itoa(port),
			"CLI_DATA_FILE="+a.Path,
			"CLI_LOOP_PERIOD="+period)
		if certificates != "" {
			command.Env = append(command.Env, authority.AgencyEnv(certificates, lottery.AgencyID(a.Agency))...)
		}
		p, err := process.Start(fmt.Sprintf("la agencia %d", a.Agency), command, nil)
		if err != nil {
			return err
		}
		started = append(started, p)
	}
	if err := process.WaitAll(ctx, server, started...); err != nil {
		return err
	}
	for i, p := range started {
		var ok bool
		if agencies[i].winners, ok = winners(p.Lines()); !ok {
			return p.Failure("terminó sin conocer a sus ganadores")
		}
	}
	return nil
}

var (
	storedLine  = regexp.MustCompile(`action: apuesta_recibida \| result: success \| cantidad: (\d+) \| agencia: (\d+)`)
	winnersLine = regexp.MustCompile(`action: consulta_ganadores \| result: success \| cant_ganadores: (\d+)`)
)

// stored reads the server's line about a stored batch.
func stored(line string) (agency, bets int, ok bool) {
	match := storedLine.FindStringSubmatch(line)
	if match == nil {
		return 0, 0, false
	}
	bets, betsErr := strconv.Atoi(match[1])
	agency, agencyErr := strconv.Atoi(match[2])
	return agency, bets, betsErr == nil && agencyErr == nil
}

// winners finds how many winners a client was told.
func winners(log []string) (n int, ok bool) {
	match := winnersLine.FindStringSubmatch(strings.Join(log, "\n"))
	if match == nil {
		return 0, false
	}
	n, err := strconv.Atoi(match[1])
	return n, err == nil
}
