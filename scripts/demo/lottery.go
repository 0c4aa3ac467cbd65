package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity/authority"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
)

// outcome is what a lottery has left.
type outcome struct {
	storage string        // the path of bets.csv
	elapsed time.Duration // from the start of the first agency to the exit of the last
	pause   time.Duration // the longest without a stored bet, after a kill; 0 without one
}

// runLottery runs the processes to the end of the agencies, and shows the outcome. With a
// board the central stays until the context ends.
func runLottery(ctx context.Context, opts options, dir string, agencies []*agency, stdout *os.File, show func(outcome) error) error {
	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o755); err != nil {
		return err
	}
	if opts.tls {
		opts.certificates = filepath.Join(dir, "certificados")
		if err := authority.Fill(opts.certificates, len(agencies), time.Now()); err != nil {
			return err
		}
	}
	progress := newProgress(stdout, agencies)
	system := newSystem(opts, work, agencies, progress)
	defer system.kill()
	if err := system.start(ctx); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "  %s\n", system.describe())
	if opts.tls {
		fmt.Fprintln(stdout, "  TLS       cada uno demuestra con un certificado quién es")
	}
	fmt.Fprintln(stdout)

	if opts.board != "" {
		fmt.Fprintf(stdout, "  Tablero   en http://%s: se abre con un navegador; las agencias suben despacio\n\n", opts.board)
	}
	progress.begin()
	start := time.Now()
	err := upload(ctx, opts, work, system, agencies)
	o := outcome{elapsed: time.Since(start)}
	if err == nil {
		err = system.finish(ctx)
	}
	if err != nil {
		system.kill()
	}
	progress.end() // the centrals' last lines have been read
	if err == nil {
		o.pause = system.longestPause()
		o.storage, err = system.bets(ctx)
	}
	if err == nil {
		err = show(o)
	}
	if err == nil && opts.board != "" {
		fmt.Fprintf(stdout, "  Tablero     sigue en http://%s; Ctrl-C lo cierra\n", opts.board)
		err = stay(ctx, system.only())
	}
	return err
}

// upload runs the agencies until all have ended, and sets how many winners each
// was told.
func upload(ctx context.Context, opts options, dir string, system system, agencies []*agency) error {
	var started []*process.Process
	defer func() { process.Stop(started...) }()
	for _, a := range agencies {
		command := process.Command(opts.client, dir,
			"CLI_ID="+strconv.Itoa(a.Agency),
			"CLI_SERVER_ADDRESS="+system.addresses(),
			"CLI_DATA_FILE="+a.Path,
			"CLI_LOOP_PERIOD="+opts.period())
		if opts.certificates != "" {
			command.Env = append(command.Env, authority.AgencyEnv(opts.certificates, lottery.AgencyID(a.Agency))...)
		}
		p, err := process.Start(fmt.Sprintf("la agencia %d", a.Agency), command, nil)
		if err != nil {
			return err
		}
		started = append(started, p)
	}
	if err := process.WaitAll(ctx, system.only(), started...); err != nil {
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

var winnersLine = regexp.MustCompile(`action: consulta_ganadores \| result: success \| cant_ganadores: (\d+)`)

// winners finds how many winners a client was told.
func winners(log []string) (n int, ok bool) {
	match := winnersLine.FindStringSubmatch(strings.Join(log, "\n"))
	if match == nil {
		return 0, false
	}
	n, err := strconv.Atoi(match[1])
	return n, err == nil
}
