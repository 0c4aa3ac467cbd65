package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/cluster"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/table"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica/jetstream"
)

// beforeCheckpoint is how many entries are in the log before the timed batches, besides any
// thousands. The entry with which those complete a thousand is a central's own, so that it
// saves a checkpoint.
const beforeCheckpoint = 900

// fill appends that many entries to an empty log: the claim of an agency that is not
// timed, and its batches.
func fill(ctx context.Context, log *jetstream.Log, entries int) error {
	if entries == 0 {
		return nil
	}
	const filler, first = 2, replica.SessionNumber(1) // the claim is the first entry
	bets, records, err := someBets(filler)
	if err != nil {
		return err
	}
	body, _, err := replica.AppendBlock(nil, bets)
	if err != nil {
		return err
	}
	segment := replica.Segment{Agency: filler, Session: first, Count: batchSize, Length: len(body)}
	entry := replica.NewBets("bench", nil, body)
	const inFlight = 64
	acked := make([]<-chan error, entries)
	for n := range entries + inFlight {
		switch {
		case n == 0:
			acked[n] = log.Append(&replica.Claim{Agency: filler, Nonce: "bench"})
		case n < entries:
			segment.Sum = protocol.Checksum(segment.Sum, records)
			entry.Segments = []replica.Segment{segment}
			acked[n] = log.Append(entry)
			segment.Offset = segment.End()
		}
		if n >= inFlight {
			if err := <-acked[n-inFlight]; err != nil {
				return err
			}
		}
	}
	status, err := log.Status(ctx)
	if err == nil && status.Last != uint64(entries) {
		err = fmt.Errorf("el log tiene %d entradas y no %d", status.Last, entries)
	}
	return err
}

// timeStart returns how long one more central takes until agencies can connect: it begins
// with the checkpoint, and folds the entries after it.
func timeStart(ctx context.Context, c *cluster.Cluster) (time.Duration, error) {
	begin := time.Now()
	err := c.AddCentral(ctx)
	return time.Since(begin), err
}

// growth is the table of what ten times the entries in the log change; nil if that was not
// measured.
func growth(results []result) *table.Table {
	i := slices.IndexFunc(results, func(r result) bool { return r.name == "cluster-log" })
	j := slices.IndexFunc(results, func(r result) bool { return r.name == "cluster-log-10x" })
	if i < 0 || j < 0 {
		return nil
	}
	t := &table.Table{Header: []string{"lo que cuesta el log", "1.000 entradas", "10.000 entradas", "proporción", "meta"}, Left: map[int]bool{0: true}}
	for _, row := range []struct {
		title, goal string
		value       func(result) float64
	}{
		{"arranque de una central (ms)", "≤ 2,00", func(r result) float64 { return 1000 * r.elapsed(0) }},
		{"un batch por vez, mediana (ms)", "≤ 1,50", func(r result) float64 { return 1000 * r.medianWait().Seconds() }},
		{"memoria de una central (MiB)", "≤ 1,50", func(r result) float64 { server, _ := r.peakMemory(0); return float64(server >> 20) }},
	} {
		few, many := row.value(results[i]), row.value(results[j])
		t.Add(row.title, table.Decimal(few, 1), table.Decimal(many, 1), table.Decimal(many/few, 2), row.goal)
	}
	return t
}
