package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/table"
)

// result holds all measurements of a scenario.
type result struct {
	scenario
	bets         int
	measurements []measurement
}

// median returns the median of a value over the repetitions.
func (r result) median(value func(measurement) float64) float64 {
	values := make([]float64, len(r.measurements))
	for i, m := range r.measurements {
		values[i] = value(m)
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// floor returns the median time of the floor, in seconds.
func (r result) floor() float64 {
	return r.median(func(m measurement) float64 { return m.floor.Seconds() })
}

// elapsed returns the median time of a run, in seconds. folder is an index of
// bench.folders.
func (r result) elapsed(folder int) float64 {
	return r.median(func(m measurement) float64 { return m.runs[folder].elapsed.Seconds() })
}

// rate returns bets per second.
func (r result) rate() float64 { return float64(r.bets) / r.elapsed(0) }

// share returns the rate as a part of the floor's rate.
func (r result) share() float64 {
	return r.median(func(m measurement) float64 { return ratio(m.floor, m.runs[0].elapsed) })
}

// newToOld returns the rate as a part of the rate of the programs to compare with.
func (r result) newToOld() float64 {
	return r.median(func(m measurement) float64 { return ratio(m.runs[1].elapsed, m.runs[0].elapsed) })
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

// peakMemory returns the largest peak memory of a server and of a client over the
// repetitions, in bytes; 0 = not measured. folder is an index of bench.folders.
func (r result) peakMemory(folder int) (server, client int64) {
	for _, m := range r.measurements {
		server = max(server, m.runs[folder].server)
		client = max(client, m.runs[folder].client)
	}
	return server, client
}

// memory is peakMemory in MiB; "" = not measured.
func (r result) memory(folder int) (server, client string) {
	s, c := r.peakMemory(folder)
	return mebibytes(s), mebibytes(c)
}

// waits returns the times that an agency has waited in all repetitions, in order.
func (r result) waits() (all []time.Duration) {
	for _, m := range r.measurements {
		all = append(all, m.runs[0].waits...)
	}
	slices.Sort(all)
	return all
}

func (r result) medianWait() time.Duration {
	all := r.waits()
	return all[len(all)/2]
}

func mebibytes(n int64) string {
	if n == 0 {
		return ""
	}
	return table.Integer(int(n >> 20))
}

// report prints the tables, and the chart for the README.md of this folder.
func report(w io.Writer, results []result, opts options) error {
	fmt.Fprintf(w, "Medianas de %d repeticiones; memoria, la mayor.\n\n", opts.repetitions)
	var uploads, timed []result
	for _, r := range results {
		if r.hasFloor() {
			uploads = append(uploads, r)
		} else {
			timed = append(timed, r)
		}
	}
	tables := []*table.Table{measured(uploads), proportions(uploads)}
	if len(timed) > 0 {
		tables = append(tables, waits(timed))
	}
	if t := growth(timed); t != nil {
		tables = append(tables, t)
	}
	if opts.against != "" {
		tables = append(tables, compared(uploads))
	}
	for _, t := range tables {
		if err := t.Print(w); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	_, err := io.WriteString(w, chart(uploads))
	return err
}

// measured is the table of the times and rates of each scenario.
func measured(results []result) *table.Table {
	t := &table.Table{
		Header: []string{"escenario", "apuestas", "piso (s)", "lotería (s)", "apuestas/s", "del piso", "meta", "central (MiB)", "agencia (MiB)"},
		Left:   map[int]bool{0: true},
	}
	for _, r := range results {
		server, client := r.memory(0)
		t.Add(r.title, table.Integer(r.bets), table.Decimal(r.floor(), 3), table.Decimal(r.elapsed(0), 3),
			table.Integer(int(r.rate())), table.Decimal(r.share(), 2), r.goal, server, client)
	}
	return t
}

// proportions is the table that compares scenarios with each other. It leaves out pairs
// that were not measured.
func proportions(results []result) *table.Table {
	t := &table.Table{Header: []string{"apuestas/s de", "respecto de", "medido", "meta"}, Left: map[int]bool{0: true, 1: true}}
	for _, pair := range []struct{ name, reference, goal string }{
		{"50x-tls", "50x", "≥ 0,80"},
		{"1x", "50x", "≥ 0,80"},
		{"10x", "50x", "≥ 0,80"},
		{"200x", "50x", "≥ 0,80"},
		{"mil", "10x", "≥ 0,50"},
		{"cluster", "50x-durable", "≥ 0,40"},
		{"cluster-mil", "mil-durable", ""},
	} {
		i := slices.IndexFunc(results, func(r result) bool { return r.name == pair.name })
		j := slices.IndexFunc(results, func(r result) bool { return r.name == pair.reference })
		if i >= 0 && j >= 0 {
			t.Add(results[i].title, results[j].title, table.Decimal(results[i].rate()/results[j].rate(), 2), pair.goal)
		}
	}
	return t
}

// waits is the table of the times that an agency waits for an acknowledgement: of all
// repetitions together.
func waits(results []result) *table.Table {
	t := &table.Table{Header: []string{"espera de la confirmación", "mediana (ms)", "p99 (ms)", "la mayor (ms)", "meta"}, Left: map[int]bool{0: true}}
	for _, r := range results {
		all := r.waits()
		median, high := "", ""
		if r.latency {
			median, high = milliseconds(r.medianWait()), milliseconds(all[len(all)*99/100])
		}
		t.Add(r.title, median, high, milliseconds(all[len(all)-1]), r.goal)
	}
	return t
}

func milliseconds(d time.Duration) string {
	return table.Decimal(float64(d)/float64(time.Millisecond), 1)
}

// compared is the table that compares the programs of two folders.
func compared(results []result) *table.Table {
	t := &table.Table{
		Header: []string{"escenario", "nuevo (s)", "viejo (s)", "nuevo/viejo en apuestas/s", "central nueva (MiB)", "central vieja (MiB)"},
		Left:   map[int]bool{0: true},
	}
	for _, r := range results {
		newServer, _ := r.memory(0)
		oldServer, _ := r.memory(1)
		t.Add(r.title, table.Decimal(r.elapsed(0), 3), table.Decimal(r.elapsed(1), 3), table.Decimal(r.newToOld(), 2), newServer, oldServer)
	}
	return t
}

// chart returns a Mermaid chart of the shares of the floor.
func chart(results []result) string {
	var titles, shares []string
	for _, r := range results {
		if r.bets > 0 && !r.restart { // the others have no floor, or another one
			titles = append(titles, fmt.Sprintf("%q", r.title))
			shares = append(shares, fmt.Sprintf("%.2f", r.share()))
		}
	}
	return "```mermaid\nxychart-beta horizontal\n" +
		"  title \"Apuestas por segundo, respecto del piso\"\n" +
		"  x-axis [" + strings.Join(titles, ", ") + "]\n" +
		"  y-axis \"el piso = 1\" 0 --> 1\n" +
		"  bar [" + strings.Join(shares, ", ") + "]\n```\n"
}
