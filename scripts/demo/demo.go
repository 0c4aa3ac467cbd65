package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/dataset"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/table"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/demo/system"
)

type options struct {
	agencies int
	seed     uint64
	zips     string          // folder of the course's zip
	programs system.Programs // empty: to be built
}

// agency is one agency of the demo and what became of it.
type agency struct {
	dataset.File
	process  *system.Process
	answered bool // the fields from here are set by its log lines
	winners  int
}

// demo makes the data, runs the lottery, and shows its results once they have
// been checked against the rows of bets.csv.
func demo(ctx context.Context, opts options, stdout *os.File) (err error) {
	dir, err := os.MkdirTemp("", "loteria-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	fmt.Fprintf(stdout, "Lotería Nacional: el servidor y %s como procesos de esta máquina\n\n", plural(opts.agencies, "agencia"))
	files, err := dataset.Fill(ctx, dataset.Options{
		Dir: filepath.Join(dir, "data"), Zips: opts.zips, Agencies: opts.agencies, Seed: opts.seed,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "  Datos     %s\n", source(files, opts))
	if opts.programs, err = programs(ctx, dir, opts.programs, stdout); err != nil {
		return err
	}
	agencies := make([]*agency, len(files))
	for i, file := range files {
		agencies[i] = &agency{File: file}
	}
	storage, elapsed, err := lottery(ctx, opts, dir, agencies, stdout)
	if err != nil {
		return err
	}
	if err := verify(storage, agencies); err != nil {
		return fmt.Errorf("LA VERIFICACIÓN FALLÓ: %w", err)
	}
	results(stdout, agencies, elapsed)
	return ctx.Err()
}

// source says where the data comes from.
func source(files []dataset.File, opts options) string {
	course := 0
	for _, file := range files {
		if file.Origin == dataset.Course {
			course++
		}
	}
	switch course {
	case len(files):
		return "los del curso, del zip en " + opts.zips
	case 0:
		return fmt.Sprintf("sintéticos, semilla %d (no hay dataset.zip en %s)", opts.seed, opts.zips)
	}
	return fmt.Sprintf("del zip del curso en %s (%d) y sintéticos, semilla %d (%d)",
		opts.zips, course, opts.seed, len(files)-course)
}

// programs builds the programs unless they are given.
func programs(ctx context.Context, dir string, given system.Programs, w io.Writer) (system.Programs, error) {
	if given.Server != "" {
		return given, nil
	}
	fmt.Fprint(w, "  Programas compilando ./server y ./client… ")
	start := time.Now()
	if err := system.Build(ctx, dir, "server", "client"); err != nil {
		return given, err
	}
	fmt.Fprintf(w, "%s s\n", table.Decimal(time.Since(start).Seconds(), 1))
	return system.Programs{Server: filepath.Join(dir, "server"), Client: filepath.Join(dir, "client")}, nil
}

// lottery runs the processes to their end and returns the path of bets.csv and
// the time from the start of the first agency to the exit of the last.
func lottery(ctx context.Context, opts options, dir string, agencies []*agency, stdout *os.File) (string, time.Duration, error) {
	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o755); err != nil {
		return "", 0, err
	}
	progress := newProgress(stdout, agencies)
	server, err := system.StartServer(ctx, system.ServerOptions{
		Program: opts.programs.Server, Dir: work, Agencies: len(agencies), Sync: true,
		OnLine: func(line []byte) {
			if id, bets, ok := system.Received(line); ok {
				progress.add(id, bets)
			}
		},
	})
	if err != nil {
		return "", 0, err
	}
	defer system.Stop(system.Grace, server.Process)
	fmt.Fprintf(stdout, "  Servidor  en %s, espera a %s para el sorteo\n\n", server.Address, plural(len(agencies), "agencia"))

	progress.begin()
	start := time.Now()
	err = upload(ctx, opts.programs.Client, work, server, agencies)
	elapsed := time.Since(start)
	system.Stop(system.Grace, server.Process)
	progress.end() // the server's last lines have been read
	if err == nil {
		err = server.Err()
	}
	return server.Storage, elapsed, err
}

// upload runs the agencies until all have ended.
func upload(ctx context.Context, program, dir string, server *system.Server, agencies []*agency) error {
	ended := make(chan *agency, len(agencies))
	var started []*system.Process
	defer func() { system.Stop(system.Grace, started...) }()
	for _, a := range agencies {
		var err error
		a.process, err = system.StartAgency(system.AgencyOptions{
			Program: program, Dir: dir, ID: a.Agency, Server: server.Address, Data: a.Path,
			OnLine: func(line []byte) {
				if winners, ok := system.Winners(line); ok {
					a.winners, a.answered = winners, true
				}
			},
		})
		if err != nil {
			return err
		}
		started = append(started, a.process)
		go func() { <-a.process.Done(); ended <- a }()
	}
	for range agencies {
		select {
		case a := <-ended:
			if err := a.outcome(); err != nil {
				return err
			}
		case <-server.Done():
			return server.Failure("terminó antes que las agencias")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// outcome judges an agency that has ended.
func (a *agency) outcome() error {
	if err := a.process.Err(); err != nil {
		return err
	}
	if !a.answered {
		return a.process.Failure("terminó sin conocer a sus ganadores")
	}
	return nil
}

func results(w io.Writer, agencies []*agency, elapsed time.Duration) {
	t := table.Table{Header: []string{"agencia", "apuestas enviadas", "ganadores"}}
	bets, winners := 0, 0
	for _, a := range agencies {
		t.Add(strconv.Itoa(a.Agency), table.Integer(a.Bets), table.Integer(a.winners))
		bets += a.Bets
		winners += a.winners
	}
	t.Rule()
	t.Add("total", table.Integer(bets), table.Integer(winners))
	fmt.Fprintln(w)
	t.Print(w)
	fmt.Fprintf(w, "\n  Tiempo      %s s, del arranque de la primera agencia al fin de la última\n",
		table.Decimal(elapsed.Seconds(), 3))
	fmt.Fprintf(w, "  Velocidad   %s apuestas por segundo, cada una confirmada tras un fsync\n", table.Integer(int(float64(bets)/elapsed.Seconds())))
	fmt.Fprintf(w, "  Verificado  bets.csv tiene esas %s apuestas y ninguna más, en su orden\n", table.Integer(bets))
}

func plural(n int, noun string) string {
	if n == 1 {
		return "una " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
