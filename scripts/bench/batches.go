package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

const (
	timedBatches = 500
	batchSize    = 100 // the client's default
)

// timeBatches sends batches to a central, each after the acknowledgement of the one
// before. It returns how long each took, from its first byte to its acknowledgement.
func timeBatches(ctx context.Context, addresses string) ([]time.Duration, error) {
	address, _, _ := strings.Cut(addresses, ",")
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	reader := protocol.NewReader(conn)
	hello, err := protocol.AppendFrame(nil, &protocol.Hello{Version: protocol.Version, Agency: 1})
	if err != nil {
		return nil, err
	}
	if _, err := exchange(conn, reader, hello, protocol.TypeWelcome); err != nil {
		return nil, err
	}
	_, records, err := someBets(1)
	if err != nil {
		return nil, err
	}
	var times []time.Duration
	for n := range timedBatches {
		batch := protocol.AppendBatch(nil, lottery.Offset(n*batchSize), batchSize, records)
		took, err := exchange(conn, reader, batch, protocol.TypeAck)
		if err != nil {
			return nil, err
		}
		times = append(times, took)
	}
	return times, nil
}

// exchange sends a frame and reads the answer, which must have that type.
func exchange(conn net.Conn, reader *protocol.Reader, frame []byte, answer protocol.Type) (time.Duration, error) {
	begin := time.Now()
	if _, err := conn.Write(frame); err != nil {
		return 0, err
	}
	got, _, err := reader.Next()
	if err != nil {
		return 0, err
	}
	if got != answer {
		return 0, fmt.Errorf("la central respondió con el mensaje %v y no con %v", got, answer)
	}
	return time.Since(begin), nil
}

// someBets returns the bets of a batch and their records.
func someBets(agency lottery.AgencyID) (bets []lottery.Bet, records []byte, err error) {
	for n := range batchSize {
		bet := lottery.Bet{
			Agency: agency, FirstName: "María Belén", LastName: "Rodríguez", Document: fmt.Sprintf("%08d", n),
			Birthdate: lottery.Date{Year: 1999, Month: 3, Day: 17}, Number: int64(n),
		}
		if records, err = protocol.AppendRecord(records, &bet); err != nil {
			return nil, nil, err
		}
		bets = append(bets, bet)
	}
	return bets, records, nil
}
