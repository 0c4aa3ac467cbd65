// Command sorteo holds a draw over a bets.csv, or only reads that file through
// encoding/csv: what the benchmark compares the draw with.
//
//	sorteo -archivo FILE [-csv]
//
// It prints how many bets it has read and how many of them win.
package main

import (
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"

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
	bets, winners, err := count(*file)
	if err != nil {
		fmt.Fprintln(os.Stderr, "sorteo:", err)
		os.Exit(1)
	}
	fmt.Printf("apuestas %d ganadores %d\n", bets, winners)
}

// ledger is a file of bets.
type ledger string

// Parts gives one part only: where another could begin, only a server knows.
func (l ledger) Parts(int) []iter.Seq2[*lottery.Bet, error] {
	return []iter.Seq2[*lottery.Bet, error]{store.LoadBets(string(l))}
}

// noJournal forgets what it is told.
type noJournal struct{}

func (noJournal) RecordFinished(lottery.AgencyID, lottery.Offset) error { return nil }
func (noJournal) RecordDraw(lottery.DrawRecord) error                   { return nil }

// draw holds the draw of a lottery whose only agency has finished.
func draw(path string) (bets, winners int, err error) {
	past := lottery.History{Finished: map[lottery.AgencyID]lottery.Offset{1: 0}}
	d := lottery.NewDraw(ledger(path), noJournal{}, past, lottery.Options{
		Agencies: 1,
		Announce: func(_ bool, n uint64, w int) { bets, winners = int(n), w },
	})
	err = d.Run(context.Background())
	return bets, winners, err
}

func read(path string) (bets, winners int, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer file.Close()
	rows := csv.NewReader(file)
	rows.ReuseRecord = true
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return bets, winners, nil
		}
		if err != nil {
			return 0, 0, err
		}
		bets++
		if row[len(row)-1] == "7574" {
			winners++
		}
	}
}
