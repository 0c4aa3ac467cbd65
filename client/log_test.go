package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/config"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
)

// Each line that package main logs, without its time.
func TestLines(t *testing.T) {
	cfg := config.Config{ID: "1", ServerAddress: "server:12345", LoopAmount: 5, LoopPeriodText: "5s", LogLevel: "DEBUG",
		Mode: config.ModeAgency, BatchMaxAmount: 100}
	odd := config.Config{ID: "a|1", ServerAddress: "s|:1", LoopPeriodText: "60s|", LogLevel: "debug|", Mode: config.ModeEcho}
	hostile := errors.New("a|b\naction: x")
	for _, tt := range []struct {
		write func()
		want  string
	}{
		{func() { logConfig(cfg) }, "INFO     action: config | result: success | client_id: 1 | server_address: server:12345 | loop_amount: 5 | loop_period: 5s | log_level: DEBUG | mode: agency | batch_max_amount: 100"},
		{func() { logConfig(odd) }, `INFO     action: config | result: success | client_id: a\x7C1 | server_address: s\x7C:1 | loop_amount: 0 | loop_period: 60s\x7C | log_level: debug\x7C | mode: echo | batch_max_amount: 0`},
		{func() { logWinners(nil) }, "INFO     action: consulta_ganadores | result: success | cant_ganadores: 0"},
		{func() { logWinners([]string{"030904465", "a|b"}) }, "INFO     action: consulta_ganadores | result: success | cant_ganadores: 2\n" +
			"DEBUG    action: ganador | result: success | dni: 030904465\n" +
			`DEBUG    action: ganador | result: success | dni: a\x7Cb`},
		{func() { logAgencyFailed("1|", hostile) }, `ERROR    action: consulta_ganadores | result: fail | client_id: 1\x7C | error: a\x7Cb\naction\x3A x`},
		{func() { logBetFailed(config.Bet{Document: "0|1", Number: "7|"}, hostile) }, `ERROR    action: apuesta_enviada | result: fail | dni: 0\x7C1 | numero: 7\x7C | error: a\x7Cb\naction\x3A x`},
		{func() { logStopped("1|", errors.New("a|b")) }, `INFO     action: shutdown | result: success | client_id: 1\x7C | reason: a\x7Cb`},
	} {
		lines := logtest.Capture(t, "DEBUG")
		tt.write()
		if got := strings.Join(lines(), "\n"); got != tt.want {
			t.Errorf("got\n%s\nwant\n%s", got, tt.want)
		}
	}
}
