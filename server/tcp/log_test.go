package tcp

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
)

// The lines are a contract: machines read them.
func TestLogLines(t *testing.T) {
	hostile := errors.New("a|b\naction: x | result: success")
	for _, tt := range []struct {
		write func()
		want  string // level and message
	}{
		{logAccepting, "INFO     action: accept_connections | result: in_progress"},
		{func() { logAccepted("172.25.125.3") }, "INFO     action: accept_connections | result: success | ip: 172.25.125.3"},
		{func() { logAcceptFailed(hostile) }, `ERROR    action: accept_connections | result: fail | error: a\x7Cb\naction\x3A x \x7C result: success`},
		{func() { logEcho("172.25.125.3", "[CLIENT 1] Message N°1") }, "INFO     action: receive_message | result: success | ip: 172.25.125.3 | msg: [CLIENT 1] Message N°1"},
		{func() { logEcho("::1", "x | result: fail\raction: y") }, `INFO     action: receive_message | result: success | ip: ::1 | msg: x \x7C result: fail\raction\x3A y`},
		{func() { logEcho("::1", strings.Repeat("x", 8000)) }, "INFO     action: receive_message | result: success | ip: ::1 | msg: " + strings.Repeat("x", 1000) + `\(+7000 bytes)`},
		{func() { logEchoFailed("::1", hostile) }, `ERROR    action: receive_message | result: fail | ip: ::1 | error: a\x7Cb\naction\x3A x \x7C result: success`},
		{func() { logBetStored("30904465", 7574) }, "INFO     action: apuesta_almacenada | result: success | dni: 30904465 | numero: 7574"},
		{func() { logBetStored("1|2\n3", -1) }, `INFO     action: apuesta_almacenada | result: success | dni: 1\x7C2\n3 | numero: -1`},
		{func() { logBetFailed("0|7", 7574, errors.New("a|b")) }, `ERROR    action: apuesta_almacenada | result: fail | dni: 0\x7C7 | numero: 7574 | error: a\x7Cb`},
		{func() { logBatchStored(1, 99) }, "INFO     action: apuesta_recibida | result: success | cantidad: 99 | agencia: 1"},
		{func() { logBatchFailed(5, 64, errors.New("e")) }, "ERROR    action: apuesta_recibida | result: fail | cantidad: 64 | agencia: 5 | error: e"},
		{func() { logBatchRepeated(1, 99) }, "DEBUG    action: lote_repetido | result: success | cantidad: 99 | agencia: 1"},
		{func() { logRejected("::1", nil) }, "WARNING  action: reject_connection | result: success | ip: ::1 | reason: too many connections"},
		{func() { logRejected("::1", hostile) }, `WARNING  action: reject_connection | result: fail | ip: ::1 | error: a\x7Cb\naction\x3A x \x7C result: success`},
		{func() { logGreeted("::1", 3, 10) }, "DEBUG    action: saludo | result: success | ip: ::1 | agencia: 3 | almacenadas: 10"},
		{func() { logSessionFailed("::1", 3, hostile) }, `ERROR    action: sesion | result: fail | ip: ::1 | agencia: 3 | error: a\x7Cb\naction\x3A x \x7C result: success`},
		{func() { logFinished(2, 991, 3) }, "INFO     action: agencia_finalizada | result: success | agencia: 2 | apuestas: 991 | faltan: 3"},
		{func() { logWinnersSent(2, 0) }, "INFO     action: ganadores_enviados | result: success | agencia: 2 | cant_ganadores: 0"},
		{func() { logging.Closed(log, "connection", "ip", "::1", nil) }, "INFO     action: close_connection | result: success | ip: ::1"},
		{func() { logging.Closed(log, "file", "file", "a|b", nil) }, `INFO     action: close_file | result: success | file: a\x7Cb`},
		{func() { logging.Closed(log, "file", "file", "a|b", hostile) }, `ERROR    action: close_file | result: fail | file: a\x7Cb | error: a\x7Cb\naction\x3A x \x7C result: success`},
	} {
		lines := newLogLines(t)
		if err := logging.Setup(lines, "DEBUG"); err != nil {
			t.Fatal(err)
		}
		tt.write()
		line := lines.String()
		const date = len("2024-08-21 22:11:15 ")
		if len(line) < date || line[date:] != tt.want {
			t.Errorf("got  %s\nwant %s", line, tt.want)
		}
		lines.check()
	}
}

// At DEBUG or INFO, an idle server has announced that it accepts connections;
// no line but those of 2.2 uses their actions.
func TestLevels(t *testing.T) {
	for level, want := range map[string]int{"DEBUG": 3, "INFO": 2, "WARNING": 0} {
		var out bytes.Buffer
		if err := logging.Setup(&out, level); err != nil {
			t.Fatal(err)
		}
		logAccepting()
		logBatchStored(1, 1)
		logBatchRepeated(1, 1)
		if got := strings.Count(out.String(), "\n"); got != want {
			t.Errorf("%s: %d lines, want %d", level, got, want)
		}
	}
}
