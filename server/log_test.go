package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/config"
)

// Each line that the program itself writes, without its time.
func TestLines(t *testing.T) {
	cfg := config.Config{Port: 12345, ListenBacklog: 5, LoggingLevel: "DEBUG", Agencies: 5, Storage: "./bets.csv", StorageSync: true}
	odd := config.Config{LoggingLevel: "de|bug", Storage: "a|b.csv"}
	for _, tt := range []struct {
		write func()
		want  string
	}{
		{func() { logConfig(cfg) }, "DEBUG    action: config | result: success | port: 12345 | listen_backlog: 5 | logging_level: DEBUG | agencies: 5 | storage: ./bets.csv | storage_sync: true"},
		{func() { logConfig(odd) }, `DEBUG    action: config | result: success | port: 0 | listen_backlog: 0 | logging_level: de\x7Cbug | agencies: 0 | storage: a\x7Cb.csv | storage_sync: false`},
		{func() { logDraw(false, 78697, 10) }, "INFO     action: sorteo | result: success | apuestas: 78697 | ganadores: 10"},
		{func() { logDraw(true, 78697, 10) }, "INFO     action: sorteo_recuperado | result: success | apuestas: 78697 | ganadores: 10"},
		{func() { logDrawFailed(errors.New("a|b")) }, `CRITICAL action: sorteo | result: fail | error: a\x7Cb`},
		{func() { logRecovered(7, 2) }, "INFO     action: recuperacion | result: success | apuestas: 7 | agencias_finalizadas: 2"},
		{func() { logNoLocks("bets.csv") }, `WARNING  action: lock | result: fail | file: bets.csv | error: this system has no file locks, so a second server is not kept away`},
		{func() { logTorn(12, "a|b.csv.torn") }, `WARNING  action: fila_incompleta | result: success | bytes: 12 | conservada_en: a\x7Cb.csv.torn`},
		{func() { logFailed(errors.New("a|b")) }, `CRITICAL action: server | result: fail | error: a\x7Cb`},
		{func() { logStopped(errors.New("a|b")) }, `INFO     action: shutdown | result: success | reason: a\x7Cb`},
	} {
		lines := logtest.Capture(t, "DEBUG")
		tt.write()
		if got := strings.Join(lines(), "\n"); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// An invalid configuration leads to one line that names the key, and to status 1.
func TestRefusesBadConfiguration(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("SERVER_PORT", "70000")
	var out, errs bytes.Buffer
	if status := run(t.Context(), nil, &out, &errs); status != 1 {
		t.Errorf("status %d, want 1", status)
	}
	if text := errs.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "SERVER_PORT") || out.Len() > 0 {
		t.Errorf("stderr %q, stdout %q", text, out.String())
	}
}

func TestArguments(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, tt := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"-help"}, 0, "Uso: server"},
		{[]string{"-help"}, 0, "\n  SERVER_MAX_CONNECTIONS  4096 "},
		{[]string{"-otra"}, 2, "otra"},
		{[]string{"algo"}, 2, `"algo"`},
		{[]string{"-config", "no-existe.ini"}, 1, "no-existe.ini"},
		{[]string{"-health"}, 1, "SERVER_ADMIN_ADDRESS is not set"},
		{[]string{"-health", "-otra"}, 1, "otra"},
		{[]string{"-otra", "--health"}, 1, "otra"},
		{[]string{"-health", "algo"}, 1, `"algo"`},
		{[]string{"-health=quizás"}, 1, "quizás"},
		{[]string{"-health", "-config", "no-existe.ini"}, 1, "no-existe.ini"},
	} {
		var out, errs bytes.Buffer
		if status := run(t.Context(), tt.args, &out, &errs); status != tt.status || !strings.Contains(errs.String(), tt.says) {
			t.Errorf("%q: status %d, want %d; stderr %q", tt.args, status, tt.status, errs.String())
		}
	}
}
