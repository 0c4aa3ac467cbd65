package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/table"
)

// progress shows how many bets are stored.
type progress interface {
	begin()
	add(agency, bets int) // add and note are called one at a time
	note(text string)     // shows a line of text, between begin and end
	end()
}

// maxBars is the most agencies that get a bar each; more agencies share one bar.
const maxBars = 10

func newProgress(stdout *os.File, agencies []*agency) progress {
	if term.IsTerminal(int(stdout.Fd())) {
		return &bars{out: stdout, agencies: agencies}
	}
	total := 0
	for _, a := range agencies {
		total += a.Bets
	}
	return &quarters{out: stdout, total: total}
}

// bars is the progress on a terminal.
type bars struct {
	out       io.Writer
	agencies  []*agency
	container *mpb.Progress

	mu       sync.Mutex // add may be called before begin
	byAgency map[int]*mpb.Bar
}

func (b *bars) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.container = mpb.New(mpb.WithOutput(b.out), mpb.WithWidth(76))
	b.byAgency = make(map[int]*mpb.Bar)
	var all *mpb.Bar
	if len(b.agencies) > maxBars {
		total := 0
		for _, a := range b.agencies {
			total += a.Bets
		}
		all = b.bar(strconv.Itoa(len(b.agencies))+" agencias", total)
	}
	for _, a := range b.agencies {
		b.byAgency[a.Agency] = all
		if all == nil {
			b.byAgency[a.Agency] = b.bar("agencia "+strconv.Itoa(a.Agency), a.Bets)
		}
	}
}

func (b *bars) bar(name string, total int) *mpb.Bar {
	style := mpb.BarStyle().Lbound("").Filler("█").Tip("█").Padding("░").Rbound("")
	counters := func(s decor.Statistics) string {
		return table.Integer(int(s.Current)) + " de " + table.Integer(int(s.Total))
	}
	return b.container.New(int64(total), style,
		mpb.PrependDecorators(decor.Name("  "+name, decor.WCSyncSpaceR)),
		mpb.AppendDecorators(decor.Any(counters, decor.WCSyncSpace)))
}

func (b *bars) add(agency, bets int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if bar := b.byAgency[agency]; bar != nil {
		bar.IncrBy(bets)
	}
}

func (b *bars) note(text string) { fmt.Fprintln(b.container, text) }

func (b *bars) end() {
	for _, bar := range b.byAgency {
		bar.Abort(false) // an incomplete bar stays on the screen as it is
	}
	b.container.Wait()
}

// quarters is the progress elsewhere: a line for each quarter of the bets.
type quarters struct {
	out           io.Writer
	total, stored int
	shown         int // how many quarters
}

func (q *quarters) begin() {}

func (q *quarters) add(_, bets int) {
	q.stored += bets
	if done := q.stored * 4 / max(q.total, 1); done > q.shown {
		q.shown = done
		fmt.Fprintf(q.out, "  %s de %s apuestas almacenadas\n", table.Integer(q.stored), table.Integer(q.total))
	}
}

func (q *quarters) note(text string) { fmt.Fprintln(q.out, text) }

func (q *quarters) end() {}
