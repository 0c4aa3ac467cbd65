package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/dataset"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/table"
)

type options struct {
	agencies int
	seed     uint64
	source   string // folder of data files, or of the course's zip
	server   string // the program; "" = to be built
	client   string // the same
	tls      bool   // agencies and central prove who they are
	board    string // the address of the board, to be watched; "" = none
	cluster  bool   // several centrals and NATS servers, of which some are killed
	page     string // where to leave the time line; "" = nowhere
	data     string // where the recorded central leaves its recording; set with page

	certificates string // their folder; set with tls
}

// agency is one agency of the demo.
type agency struct {
	dataset.File
	winners int // how many it was told
}

// demo makes the data, runs the lottery, and shows its results once they have
// been checked against the rows of bets.csv.
func demo(ctx context.Context, opts options, stdout *os.File) (err error) {
	dir, err := os.MkdirTemp("", "loteria-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	what := "el servidor y %s como procesos de esta máquina"
	if opts.cluster {
		what = "tres centrales, tres servidores NATS y %s en esta máquina"
	}
	fmt.Fprintf(stdout, "Lotería Nacional: "+what+"\n\n", plural(opts.agencies, "agencia"))
	files, err := dataset.Fill(ctx, dataset.Options{
		Dir: filepath.Join(dir, "data"), Source: opts.source, Agencies: opts.agencies, Seed: opts.seed, Missing: true,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "  Datos     %s\n", describeSource(files, opts))
	if opts.server == "" {
		if err := build(ctx, dir, &opts, stdout); err != nil {
			return err
		}
	}
	agencies := make([]*agency, len(files))
	for i, file := range files {
		if file.Path, err = filepath.Abs(file.Path); err != nil { // the agencies run in another folder
			return err
		}
		agencies[i] = &agency{File: file}
	}
	err = runLottery(ctx, opts, dir, agencies, stdout, func(o outcome) error {
		if err := verify(o.storage, agencies); err != nil {
			return fmt.Errorf("LA VERIFICACIÓN FALLÓ: %w", err)
		}
		results(stdout, agencies, o, opts.period() == fullSpeed)
		return nil
	})
	if err != nil {
		return err
	}
	return ctx.Err()
}

// describeSource returns the text that tells where the data comes from.
func describeSource(files []dataset.File, opts options) string {
	count := make(map[dataset.Origin]int)
	for _, file := range files {
		count[file.Origin]++
	}
	if count[dataset.Synthetic] == len(files) {
		return fmt.Sprintf("sintéticos, semilla %d (en %s no hay archivos ni zip)", opts.seed, opts.source)
	}
	var parts []string
	for _, origin := range []struct {
		dataset.Origin
		name string
	}{
		{dataset.Kept, "archivos de " + opts.source},
		{dataset.Course, "zip del curso en " + opts.source},
		{dataset.Synthetic, fmt.Sprintf("sintéticos, semilla %d", opts.seed)},
	} {
		if n := count[origin.Origin]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s (%s)", origin.name, plural(n, "agencia")))
		}
	}
	return strings.Join(parts, ", ")
}

// build compiles the two programs.
func build(ctx context.Context, dir string, opts *options, w io.Writer) error {
	server := "server"
	if opts.page != "" {
		server = "scripts/demo/central"
	}
	fmt.Fprintf(w, "  Programas compilando ./%s y ./client… ", server)
	start := time.Now()
	if err := process.Build(ctx, dir, false, server, "client"); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s s\n", table.Decimal(time.Since(start).Seconds(), 1))
	opts.server, opts.client = filepath.Join(dir, filepath.Base(server)), filepath.Join(dir, "client")
	return nil
}

func results(w io.Writer, agencies []*agency, o outcome, showSpeed bool) {
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
		table.Decimal(o.elapsed.Seconds(), 3))
	if o.pause > 0 {
		fmt.Fprintf(w, "  Pausa       %s s sin guardar apuestas, la más larga desde el kill -9\n", table.Decimal(o.pause.Seconds(), 3))
	}
	if showSpeed {
		fmt.Fprintf(w, "  Velocidad   %s apuestas por segundo, cada una confirmada tras un fsync\n", table.Integer(int(float64(bets)/o.elapsed.Seconds())))
	}
	fmt.Fprintf(w, "  Verificado  bets.csv tiene esas %s apuestas y ninguna más, en su orden\n", table.Integer(bets))
}

func plural(n int, noun string) string {
	if n == 1 {
		return "una " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// fullSpeed is the period of an upload that nothing slows down.
const fullSpeed = "0s"

// period is the pause between two batches of an agency. Whoever looks at the board needs
// half a minute for the official data. With several centrals it takes some three seconds:
// otherwise all would be stored before one of them is killed.
func (o options) period() string {
	switch {
	case o.board != "":
		return "100ms"
	case o.cluster:
		return "10ms"
	}
	return fullSpeed
}
