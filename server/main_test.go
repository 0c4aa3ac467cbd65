package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

func TestMain(m *testing.M) { processtest.Main(m, main) }

// program is the program as a command, in a folder of its own.
func program(t *testing.T, env []string) *exec.Cmd {
	t.Helper()
	return processtest.Program(t, append([]string{"LOGGING_LEVEL=DEBUG"}, env...)...)
}

func TestVersion(t *testing.T) {
	cmd := program(t, nil)
	cmd.Args = append(cmd.Args, "-version")
	p := processtest.Start(t, cmd)
	if status, said := p.Wait(), p.Lines(); status != 0 || len(said) != 1 || !strings.HasPrefix(said[0], "server: ") || len(p.ErrorLines()) > 0 {
		t.Errorf("exit status %d, says %q and %q", status, said, p.ErrorLines())
	}
}

// One clear line that names the key, and exit status 1.
func TestBadConfiguration(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		env        []string
		want       []string
	}{
		{"malformed", "[DEFAULT\n", nil, []string{"config.ini"}},
		{"no section of ours", "[SERVER]\nSERVER_PORT = 1\n", nil, []string{"[SERVER]"}},
		{"unknown key", "[DEFAULT]\nSERVER_PROT = 1\n", nil, []string{"SERVER_PROT: unknown key"}},
		{"out of range", "[DEFAULT]\nSERVER_PORT = 65536\n", nil, []string{"SERVER_PORT", "65535", `"65536"`}},
		{"from the environment", "", []string{"SERVER_PORT=x"}, []string{"SERVER_PORT", "environment"}},
		{"backlog", "[DEFAULT]\nSERVER_LISTEN_BACKLOG = -1\n", nil, []string{"SERVER_LISTEN_BACKLOG"}},
		{"agencies", "", []string{"SERVER_AGENCIES=-5"}, []string{"SERVER_AGENCIES"}},
		{"level", "", []string{"LOGGING_LEVEL=LOUD"}, []string{"LOGGING_LEVEL", "LOUD"}},
		{"sync", "", []string{"SERVER_STORAGE_SYNC=perhaps"}, []string{"SERVER_STORAGE_SYNC", "true or false"}},
		{"delay", "[DEFAULT]\nSERVER_PUBLISH_DELAY = 5\n", nil, []string{"SERVER_PUBLISH_DELAY", `"5"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := program(t, tt.env)
			write(t, filepath.Join(cmd.Dir, "config.ini"), tt.file)
			p := processtest.Start(t, cmd)
			status, said := p.Wait(), p.ErrorLines()
			if status != 1 || len(said) != 1 || len(p.Lines()) > 0 {
				t.Fatalf("exit status %d, says %q and %q", status, said, p.Lines())
			}
			for _, want := range tt.want {
				if !strings.Contains(said[0], want) {
					t.Errorf("says %q, want %q", said[0], want)
				}
			}
		})
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A server that cannot start says why, and what to do where that is known.
func TestCannotStart(t *testing.T) {
	const row = "1,Ana,Paz,30904465,1999-03-17,7574\r\n"
	for _, tt := range []struct {
		name  string
		files map[string]string // beside each other; a name that ends in / is a folder
		env   []string
		want  []string
	}{
		{"folder is missing", nil, []string{"SERVER_STORAGE=none/bets.csv"}, []string{"none/bets.csv", "create the folder none first"}},
		{"storage is a folder", map[string]string{"bets.csv/": ""}, nil, []string{"bets.csv: is a directory"}},
		{"damaged bets", map[string]string{"bets.csv": row + "x\r\n" + row}, nil, []string{"bets.csv", "row 2"}},
		{"a winner whom nobody could be told of", map[string]string{"bets.csv": row + strings.Replace(row, "30904465", strings.Repeat("1", 256), 1) + row}, nil,
			[]string{"bets.csv: row 2: ", "document has 256 bytes, at most 255"}},
		{"damaged journal", map[string]string{"bets.csv.journal": "finished 1 one\n"}, nil, []string{"bets.csv.journal", "line 1"}},
		{"another lottery's journal", map[string]string{"bets.csv": row, "bets.csv.journal": "finished 1 7 00000000 3d6bc724\n"}, nil,
			[]string{"bets.csv.journal does not fit ./bets.csv", "agency 1"}},
		{"fewer agencies than have finished", map[string]string{"bets.csv.journal": "finished 6 0 00000000 d045642d\n"}, nil, []string{"does not fit", "agency 6"}},
		{"closed to its user", nil, []string{processtest.AsUser + "=65534"}, []string{"permission denied", "must be able to write"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if len(tt.env) > 0 && strings.HasPrefix(tt.env[0], processtest.AsUser) && os.Getuid() != 0 {
				t.Skip("only root can become another user")
			}
			cmd := program(t, append([]string{"SERVER_PORT=" + freePort(t)}, tt.env...))
			for name, content := range tt.files {
				if strings.HasSuffix(name, "/") {
					if err := os.Mkdir(filepath.Join(cmd.Dir, name), 0o755); err != nil {
						t.Fatal(err)
					}
					continue
				}
				write(t, filepath.Join(cmd.Dir, name), content)
			}
			p := processtest.Start(t, cmd)
			line := p.Await("action: server | result: fail | error: ")
			for _, want := range tt.want {
				if !strings.Contains(line, want) {
					t.Errorf("says %q, want %q", line, want)
				}
			}
			if status := p.Wait(); status != 1 {
				t.Errorf("exit status %d", status)
			}
			logtest.ParseLines(t, p.Lines())
			for name, content := range tt.files {
				if now, err := os.ReadFile(filepath.Join(cmd.Dir, name)); err == nil && string(now) != content {
					t.Errorf("%s was changed to %q", name, now)
				}
			}
		})
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	return strconv.Itoa(processtest.FreePort(t))
}

func TestPortInUse(t *testing.T) {
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	p := processtest.Start(t, program(t, []string{"SERVER_PORT=" + port}))
	if line := p.Await("action: server | result: fail"); !strings.Contains(line, "port "+port) || !strings.Contains(line, "address already in use") {
		t.Errorf("says %q", line)
	}
	if status := p.Wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	if closed := logtest.Select(logtest.ParseLines(t, p.Lines()), "close_file", "success"); len(closed) != 2 {
		t.Errorf("closes %+v, want both files", closed)
	}
}

// What the Python original may have written and no agency has to be told of
// does not keep the server from starting.
func TestStartsWithLongTexts(t *testing.T) {
	long := strings.Repeat("ñ", 1000)
	s := startServer(t, map[string]string{"bets.csv": "1," + long + "," + long + "," + long + ",1999-03-17,7573\r\n" +
		"1,Ana,Paz," + strings.Repeat("1", 255) + ",1999-03-17,7574\r\n"}, nil)
	s.Await("action: recuperacion | result: success | apuestas: 2 | agencias_finalizadas: 0")
	s.Stop(syscall.SIGTERM)
}

// Rows that a crash left torn are kept aside, and the start says so.
func TestStartsBehindATornRow(t *testing.T) {
	s := startServer(t, map[string]string{"bets.csv": "1,Ana,Paz,30904465,1999-03-17,7574\r\n1,Ana,\"Pa"}, nil)
	s.Await("action: fila_incompleta | result: success | bytes: 9 | conservada_en: ./bets.csv.torn")
	s.Await("action: recuperacion | result: success | apuestas: 1 | agencias_finalizadas: 0")
	s.Stop(syscall.SIGTERM)
	if torn, err := os.ReadFile(filepath.Join(s.dir, "bets.csv.torn")); err != nil || string(torn) != `1,Ana,"Pa` {
		t.Errorf("kept %q, %v", torn, err)
	}
}
