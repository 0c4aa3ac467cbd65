package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

func TestMain(m *testing.M) { processtest.Main(m, main) }

// program returns a command that runs the client in a folder of its own.
func program(t testing.TB, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := processtest.Program(t, append([]string{"CLI_ID=1", "CLI_LOG_LEVEL=DEBUG"}, env...)...)
	cmd.Args = append(cmd.Args, args...)
	return cmd
}

func TestArguments(t *testing.T) {
	for _, tt := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"--help"}, 0, "Uso: client [-config ARCHIVO]"},
		{[]string{"-h"}, 0, "Cliente de la lotería"},
		{[]string{"-help"}, 0, "\n  data.file        CLI_DATA_FILE        .data/agency-ID.csv "},
		{[]string{"-nada"}, 2, "Uso: client"},
		{[]string{"-config"}, 2, "Uso: client"},
		{[]string{"config.yaml"}, 2, `argumento inesperado: "config.yaml"`},
	} {
		p := processtest.Start(t, program(t, nil, tt.args...))
		if status := p.Wait(); status != tt.status {
			t.Errorf("%q: exit status %d, want %d", tt.args, status, tt.status)
		}
		if said := strings.Join(p.ErrorLines(), "\n"); !strings.Contains(said, tt.want) || len(p.Lines()) > 0 {
			t.Errorf("%q: says %q and %q, want %q", tt.args, said, p.Lines(), tt.want)
		}
	}
}

func TestVersion(t *testing.T) {
	p := processtest.Start(t, program(t, nil, "-version"))
	if status, said := p.Wait(), p.Lines(); status != 0 || len(said) != 1 || !strings.HasPrefix(said[0], "client: ") || len(p.ErrorLines()) > 0 {
		t.Errorf("exit status %d, says %q and %q", status, said, p.ErrorLines())
	}
}

// The client prints one line that names the key, and exits with status 1.
func TestBadConfiguration(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		env        []string
		want       []string
	}{
		{"malformed", "server: [\n", nil, []string{"config.yaml", "line"}},
		{"unknown key", "batch: {maxAmuont: 5}\n", nil, []string{"batch.maxAmuont: unknown key"}},
		{"out of range", "batch: {maxAmount: 65536}\n", nil, []string{"batch.maxAmount", "65535", `"65536"`}},
		{"from the environment", "", []string{"CLI_BATCH_MAXAMOUNT=x"}, []string{"batch.maxAmount", "CLI_BATCH_MAXAMOUNT"}},
		{"no id", "", []string{"CLI_ID="}, []string{"id: must be set", "CLI_ID"}},
		{"id", "", []string{"CLI_ID=0"}, []string{"id: must be an integer from 1"}},
		{"address", "server: {address: nowhere}\n", nil, []string{"server.address"}},
		{"level", "", []string{"CLI_LOG_LEVEL=LOUD"}, []string{"log.level", "LOUD"}},
		{"period", "loop: {period: often}\n", nil, []string{"loop.period", "often"}},
		{"mode", "mode: idle\n", nil, []string{"mode", "agency, bet, echo"}},
		{"half a bet", "", []string{"NOMBRE=Ana"}, []string{"APELLIDO, DOCUMENTO, NACIMIENTO, NUMERO"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := program(t, tt.env)
			if err := os.WriteFile(filepath.Join(cmd.Dir, "config.yaml"), []byte(tt.file), 0o644); err != nil {
				t.Fatal(err)
			}
			p := processtest.Start(t, cmd)
			status, said := p.Wait(), p.ErrorLines()
			if status != 1 || len(said) != 1 || len(p.Lines()) > 0 {
				t.Fatalf("exit status %d, says %q", status, said)
			}
			for _, want := range tt.want {
				if !strings.Contains(said[0], want) {
					t.Errorf("says %q, want %q", said[0], want)
				}
			}
		})
	}
}

func TestNamedConfigurationIsMissing(t *testing.T) {
	p := processtest.Start(t, program(t, nil, "-config", "nowhere.yaml"))
	if status, said := p.Wait(), p.ErrorLines(); status != 1 || !slices.Equal(said, []string{"client: configuration file nowhere.yaml: no such file or directory"}) {
		t.Errorf("exit status %d, says %q", status, said)
	}
}

func TestLogsConfiguration(t *testing.T) {
	cmd := program(t, []string{"CLI_MODE=echo", "CLI_LOOP_AMOUNT=0"})
	text := "loop: {period: 60s}\nlog: {level: debug}\nbatch: {maxAmount: 64}\nserver: {address: 'server:12346'}\n"
	if err := os.WriteFile(filepath.Join(cmd.Dir, "other.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd.Args = append(cmd.Args, "-config", "other.yaml")
	p := processtest.Start(t, cmd)
	line := p.Await("action: config")
	want := "action: config | result: success | client_id: 1 | server_address: server:12346 | loop_amount: 0 | loop_period: 60s | log_level: DEBUG"
	if !strings.Contains(line, want) {
		t.Errorf("logs %q, want %q", line, want)
	}
	if status := p.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	logtest.ParseLines(t, p.Lines())
}

// For a variable that is probably misspelled there is a warning, and no error.
func TestMisspelledVariable(t *testing.T) {
	p := processtest.Start(t, program(t, []string{"CLI_MODE=echo", "CLI_LOOP_AMOUNT=0", "CLI_SERVER_ADRESS=a:1", "CLI_COLOR=1"}))
	status, said := p.Wait(), p.ErrorLines()
	want := []string{`client: environment variable "CLI_SERVER_ADRESS" is not known, did you mean CLI_SERVER_ADDRESS?`}
	if status != 0 || !slices.Equal(said, want) {
		t.Errorf("exit status %d, says %q, want %q", status, said, want)
	}
}

func TestLogLevel(t *testing.T) {
	p := processtest.Start(t, program(t, []string{"CLI_MODE=echo", "CLI_LOOP_AMOUNT=0", "CLI_LOG_LEVEL=error"}))
	if status := p.Wait(); status != 0 || len(p.Lines()) > 0 {
		t.Errorf("exit status %d, says %q", status, p.Lines())
	}
}

// The error about a data file names the file and the reason.
func TestDataFile(t *testing.T) {
	dir, err := os.MkdirTemp("", "client") // t.TempDir is closed to other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "none.csv")
	closed, bad := filepath.Join(dir, "closed.csv"), filepath.Join(dir, "bad.csv")
	for name, mode := range map[string]os.FileMode{closed: 0o200, bad: 0o644} {
		if err := os.WriteFile(name, []byte("a,b,1,1999-02-28,1\na,b,1,1999-02-30,1\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name, file string
		want       string
	}{
		{"missing", missing, "data file " + missing + ": no such file or directory (make datos makes the data files)"},
		{"a folder", dir, "data file " + dir + ": is a folder"},
		{"closed", closed, "data file " + closed + ": permission denied (make it readable for all: chmod a+r " + closed + ")"},
		{"a bad row", bad, bad + `, line 2: birthdate: "1999-02-30" is no day in the form YYYY-MM-DD`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := listen(t, greets)
			env := []string{"CLI_DATA_FILE=" + tt.file, c.env()}
			if os.Getuid() == 0 {
				env = append(env, processtest.AsUser+"=65534")
			}
			p := processtest.Start(t, program(t, env))
			line := p.Await("action: consulta_ganadores | result: fail | client_id: 1 | error: ")
			if !strings.HasSuffix(line, " | error: "+tt.want) {
				t.Errorf("says %q, want %q", line, tt.want)
			}
			if status := p.Wait(); status != 1 {
				t.Errorf("exit status %d", status)
			}
			logtest.ParseLines(t, p.Lines())
		})
	}
}

// echoServer starts an echo server.
func echoServer(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.Copy(conn, conn)
			conn.Close()
		}
	}()
	return listener
}

// A client runs for at least loop.period, or for linger.
func TestPauses(t *testing.T) {
	const pause = 200 * time.Millisecond
	inTwoBatches := fmt.Sprintf("CLI_BATCH_MAXAMOUNT=%d", (dataRows+1)/2)
	for _, tt := range []struct {
		name   string
		server net.Listener
		env    []string
		status int
	}{
		{"between echoes", echoServer(t), []string{"CLI_MODE=echo", "CLI_LOOP_AMOUNT=2", "CLI_LOOP_PERIOD=200ms"}, 0},
		{"between batches", listen(t, answers), []string{inTwoBatches, "CLI_LOOP_PERIOD=200ms"}, 0},
		{"after the end", listen(t, answers), []string{"CLI_LINGER=200ms"}, 0},
		{"after a failure", listen(t, greets), []string{"CLI_LINGER=200ms", "CLI_DATA_FILE=none.csv"}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := program(t, append(tt.env, "CLI_SERVER_ADDRESS="+tt.server.Addr().String()))
			writeData(t, cmd.Dir)
			start := time.Now()
			status := processtest.Start(t, cmd).Wait()
			if took := time.Since(start); status != tt.status || took < pause {
				t.Errorf("exit status %d after %v, want %d after %v", status, took, tt.status, pause)
			}
		})
	}
}

// A retry.deadline of 0 ends every mode at the first failure.
func TestNoRetry(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	for _, mode := range [][]string{{"CLI_MODE=agency"}, {"CLI_MODE=echo"}, bet} {
		cmd := program(t, append([]string{"CLI_RETRY_DEADLINE=0s", "CLI_SERVER_ADDRESS=" + address}, mode...))
		writeData(t, cmd.Dir)
		p := processtest.Start(t, cmd)
		if status := p.Wait(); status != 1 {
			t.Errorf("%q: exit status %d", mode, status)
		}
		lines := logtest.ParseLines(t, p.Lines())
		if last := lines[len(lines)-1]; last.Result != "fail" || last.Keys["error"] != "connect to "+address+": connection refused" {
			t.Errorf("%q: says %+v", mode, last)
		}
	}
}
