package agency

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv/betcsvtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// Each line is exactly as wanted. The line about the bet is part of the contract.
func TestLines(t *testing.T) {
	lines := logtest.Capture(t, "DEBUG")
	logBetSent("30904465", 7574)
	logBetSent("a|b\nc", -1)
	logRetrying(1, errors.New("connect: refused\naction: x"))
	logResuming(2, 77)
	logBatchSent(3, 10, 87)
	logFinished(4, 26936)
	logClosed("connection", "address", "172.25.125.2:12345", 5, nil)
	logClosed("file", "file", "a|b.csv", 6, nil)
	logClosed("file", "file", "a|b.csv", 6, errors.New("c|d"))
	want := []string{
		"INFO     action: apuesta_enviada | result: success | dni: 30904465 | numero: 7574",
		`INFO     action: apuesta_enviada | result: success | dni: a\x7Cb\nc | numero: -1`,
		`INFO     action: connect | result: in_progress | client_id: 1 | reason: connect: refused\naction\x3A x`,
		"INFO     action: reanudar | result: success | client_id: 2 | almacenadas: 77",
		"DEBUG    action: lote_enviado | result: success | client_id: 3 | cantidad: 10 | enviadas: 87",
		"INFO     action: notificacion_enviada | result: success | client_id: 4 | apuestas: 26936",
		"INFO     action: close_connection | result: success | client_id: 5 | address: 172.25.125.2:12345",
		`INFO     action: close_file | result: success | client_id: 6 | file: a\x7Cb.csv`,
		`ERROR    action: close_file | result: fail | client_id: 6 | file: a\x7Cb.csv | error: c\x7Cd`,
	}
	if got := lines(); !slices.Equal(got, want) {
		t.Errorf("logged\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The lines of a whole upload: none is a failure, and everything that was opened is
// closed.
func TestLinesOfAnUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lines := logtest.Capture(t, "INFO")
		c := &central{stored: betcsvtest.Numbered(3), cuts: []int{8}} // in the middle of the first acknowledgement
		name := writeDataFile(t, betcsvtest.Numbered(5))
		if _, err := Run(t.Context(), 1, name, c.dial, Options{RetryDeadline: time.Minute, BatchMaxAmount: 1}); err != nil {
			t.Fatal(err)
		}
		want := []string{
			"INFO     action: reanudar | result: success | client_id: 1 | almacenadas: 3",
			"INFO     action: close_file | result: success | client_id: 1 | file: " + name,
			"INFO     action: close_connection | result: success | client_id: 1 | address: pipe",
			"INFO     action: connect | result: in_progress | client_id: 1 | reason: read a reply: unexpected EOF",
			"INFO     action: reanudar | result: success | client_id: 1 | almacenadas: 4",
			"INFO     action: close_file | result: success | client_id: 1 | file: " + name,
			"INFO     action: notificacion_enviada | result: success | client_id: 1 | apuestas: 5",
			"INFO     action: close_connection | result: success | client_id: 1 | address: pipe",
		}
		got := lines()
		// It is a race whether all was sent when the connection was lost, and
		// whether the receiver or the sender notices first.
		if len(got) > 2 && strings.Contains(got[2], "notificacion") {
			got = slices.Delete(got, 2, 3)
		}
		for i, line := range got {
			got[i] = strings.Replace(line, "send: io: read/write on closed pipe", "read a reply: unexpected EOF", 1)
		}
		if !slices.Equal(got, want) {
			t.Errorf("logged\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestLineOfABet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lines := logtest.Capture(t, "INFO")
		bet := lottery.Bet{Agency: 1, Document: "030904465", Birthdate: lottery.Date{Year: 1999, Month: 3, Day: 17}, Number: 7574}
		if err := SendBet(t.Context(), bet, new(central).dial, Options{RetryDeadline: time.Minute}); err != nil {
			t.Fatal(err)
		}
		want := "INFO     action: apuesta_enviada | result: success | dni: 030904465 | numero: 7574"
		if got := lines(); len(got) != 2 || got[0] != want {
			t.Errorf("logged %q", got)
		}
	})
}
