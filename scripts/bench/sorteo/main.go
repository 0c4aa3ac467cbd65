// Command sorteo opens a bets.csv as a server that was restarted does, which
// checks every row, and holds the draw over it; or it only reads that file
// through encoding/csv: what the benchmark compares that with. (A server that
// stored the bets itself knows the winners already.)
//
//	sorteo -archivo FILE [-csv]
//
// It prints how many bets there are, how many of them win, and how long it took
// to know.
package main

import (
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
)

func main() {
	file := flag.String("archivo", "", "un bets.csv")
	plain := flag.Bool("csv", false, "solo leerlo con encoding/csv")
	flag.Parse()
	count := draw
	if *plain {
		count = read
	}
	bets, winners, elapsed, err := count(*file)
	if err != nil {
		fmt.Fprintln(os.Stderr, "sorteo:", err)
		os.Exit(1)
	}
	fmt.Printf("apuestas %d ganadores %d en %v\n", bets, winners, elapsed)
}

// noJournal forgets what it is told.
type noJournal struct{}

func (noJournal) RecordFinished(lottery.AgencyID, lottery.Offset) error { return nil }
func (noJournal) RecordDraw(lottery.DrawRecord) error                   { return nil }

// draw opens the store of a server and holds the draw of a lottery whose only
// agency has finished.
func draw(path string) (bets, winners int, elapsed time.Duration, err error) {
	if _, err := os.Stat(path); err != nil { // Open would create it
		return 0, 0, 0, err
	}
	begin := time.Now()
	ledger, err := store.Open(path, store.Options{})
	if err != nil {
		return 0, 0, 0, err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	past := lottery.History{Finished: map[lottery.AgencyID]lottery.Offset{1: 0}}
	d := lottery.NewDraw(ledger, noJournal{}, past, lottery.Options{
		Agencies: 1,
		Announce: func(_ bool, n uint64, w int) { bets, winners = int(n), w },
	})
	err = d.Run(context.Background())
	return bets, winners, time.Since(begin), err
}

func read(path string) (bets, winners int, elapsed time.Duration, err error) {
	begin := time.Now()
	file, err := os.Open(path)
	if err != nil {
		return 0, 0, 0, err
	}
	defer file.Close()
	rows := csv.NewReader(file)
	rows.ReuseRecord = true
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return bets, winners, time.Since(begin), nil
		}
		if err != nil {
			return 0, 0, 0, err
		}
		bets++
		if row[len(row)-1] == "7574" {
			winners++
		}
	}
}
