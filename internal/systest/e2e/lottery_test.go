package e2e

import (
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity/authority"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	domain "github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// lottery is one lottery on this machine. Its server may start several times.
type lottery struct {
	t        testing.TB
	dir      string
	port     int
	agencies int
	env      []string      // further settings of the server
	clients  []string      // further settings of the agencies
	branch   process.Place // where the agencies run; its address is not used

	certificates string // the folder of what proves who everybody is; "" = there is no TLS
}

func newLottery(t testing.TB, agencies int, env ...string) *lottery {
	return &lottery{t: t, dir: t.TempDir(), port: processtest.FreePort(t), agencies: agencies, env: env}
}

// secure makes the central and the agencies use TLS.
func (l *lottery) secure() *lottery {
	l.t.Helper()
	l.certificates = filepath.Join(l.dir, "certificados")
	if err := authority.Fill(l.certificates, l.agencies, time.Now()); err != nil {
		l.t.Fatal(err)
	}
	l.env = append(l.env, authority.CentralEnv(l.certificates)...)
	return l
}

func (l *lottery) storage() string { return filepath.Join(l.dir, "bets.csv") }

func (l *lottery) serverCommand() *exec.Cmd {
	return process.Command(serverBinary, l.dir, append([]string{
		"SERVER_PORT=" + strconv.Itoa(l.port),
		"SERVER_LISTEN_BACKLOG=1024",
		"SERVER_AGENCIES=" + strconv.Itoa(l.agencies),
		"LOGGING_LEVEL=DEBUG",
	}, l.env...)...)
}

// startServer starts the server, and returns when it listens.
func (l *lottery) startServer() *processtest.Process {
	l.t.Helper()
	return l.await(l.serverCommand())
}

func (l *lottery) await(cmd *exec.Cmd) *processtest.Process {
	l.t.Helper()
	p := processtest.Start(l.t, cmd)
	p.Await("action: accept_connections | result: in_progress")
	return p
}

// startClient starts a client with these settings.
func (l *lottery) startClient(id int, env ...string) *processtest.Process {
	l.t.Helper()
	settings := []string{
		"CLI_ID=" + strconv.Itoa(id),
		"CLI_SERVER_ADDRESS=127.0.0.1:" + strconv.Itoa(l.port),
		"CLI_LOG_LEVEL=DEBUG",
	}
	if l.certificates != "" {
		settings = append(settings, authority.AgencyEnv(l.certificates, domain.AgencyID(id))...)
	}
	return processtest.Start(l.t, l.branch.Enter(process.Command(clientBinary, l.dir, slices.Concat(settings, l.clients, env)...)))
}

// startAgency starts an agency that uploads rows.
func (l *lottery) startAgency(id int, rows [][]string, batch int, env ...string) *processtest.Process {
	l.t.Helper()
	env = append(env, "CLI_DATA_FILE="+l.dataFile(id, rows), "CLI_BATCH_MAXAMOUNT="+strconv.Itoa(batch))
	return l.startClient(id, env...)
}

// dataFile writes the data file of an agency, unless it exists, and returns its
// name.
func (l *lottery) dataFile(id int, rows [][]string) string {
	l.t.Helper()
	name := filepath.Join(l.dir, fmt.Sprintf("agency-%d.csv", id))
	if _, err := os.Stat(name); err == nil {
		return name
	}
	file, err := os.Create(name)
	if err != nil {
		l.t.Fatal(err)
	}
	w := csv.NewWriter(file)
	w.UseCRLF = id%2 == 1
	if err := w.WriteAll(rows); err != nil {
		l.t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		l.t.Fatal(err)
	}
	return name
}

// storedRows returns the rows of each agency in bets.csv, in their order.
func (l *lottery) storedRows() map[int][][]string {
	l.t.Helper()
	content, err := os.ReadFile(l.storage())
	if err != nil {
		l.t.Fatal(err)
	}
	return parseRows(l.t, string(content))
}

func parseRows(t testing.TB, content string) map[int][][]string {
	t.Helper()
	r := csv.NewReader(strings.NewReader(content))
	r.FieldsPerRecord = 6
	all, err := r.ReadAll()
	if err != nil {
		t.Fatalf("bets.csv: %v", err)
	}
	rows := make(map[int][][]string)
	for _, row := range all {
		id, err := strconv.Atoi(row[0])
		if err != nil {
			t.Fatal(err)
		}
		rows[id] = append(rows[id], row[1:])
	}
	return rows
}

// checkStored checks that exactly the rows of the agencies are stored, each once and in its
// order.
func (l *lottery) checkStored(want map[int][][]string) {
	l.t.Helper()
	got := l.storedRows()
	for id := range got {
		if _, ok := want[id]; !ok {
			l.t.Errorf("agency %d, which has none, has %d rows", id, len(got[id]))
		}
	}
	for id, rows := range want {
		if !slices.EqualFunc(got[id], rows, slices.Equal) {
			l.t.Errorf("agency %d: %d rows are stored; they are not the %d of its file", id, len(got[id]), len(rows))
		}
	}
}

// winners returns the documents of the rows that win.
func winners(rows [][]string) []string {
	var documents []string
	for _, row := range rows {
		if row[4] == "7574" {
			documents = append(documents, row[2])
		}
	}
	return documents
}

// checkAgency waits until an agency has ended. It checks the exit status, the format of
// every line of the log, and the winners.
func checkAgency(t testing.TB, p *processtest.Process, want []string) {
	t.Helper()
	if status := p.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if stderr := p.ErrorLines(); len(stderr) > 0 {
		t.Errorf("prints on stderr: %q", stderr)
	}
	lines := logtest.ParseLines(t, p.Lines())
	answer := logtest.Select(lines, "consulta_ganadores", "success")
	if len(answer) != 1 || answer[0].Keys["cant_ganadores"] != strconv.Itoa(len(want)) {
		t.Errorf("answers %+v, want %d winners", answer, len(want))
	}
	var got []string
	for _, line := range logtest.Select(lines, "ganador", "success") {
		got = append(got, line.Keys["dni"])
	}
	if !slices.Equal(got, want) {
		t.Errorf("winners %q, want %q", got, want)
	}
}

// checkServer stops the server, and checks and returns the lines of its log. The server
// must have held one draw, and stored that number of bets.
func checkServer(t testing.TB, p *processtest.Process, bets int) []logtest.Line {
	t.Helper()
	p.Stop(syscall.SIGTERM)
	lines := logtest.ParseLines(t, p.Lines())
	if stderr := p.ErrorLines(); len(stderr) > 0 {
		t.Errorf("prints on stderr: %q", stderr)
	}
	if n := len(logtest.Select(lines, "sorteo", "success")); n != 1 {
		t.Errorf("sorteo is logged %d times", n)
	}
	sum := 0
	for _, line := range logtest.Select(lines, "apuesta_recibida", "success") {
		n, _ := strconv.Atoi(line.Keys["cantidad"])
		sum += n
	}
	if sum != bets {
		t.Errorf("the cantidades add up to %d, want %d", sum, bets)
	}
	var actions []string
	for _, line := range lines {
		actions = append(actions, line.Action)
		if line.Result == "fail" {
			t.Errorf("failed: %+v", line)
		}
	}
	if last := slices.Index(actions, "sorteo"); slices.Contains(actions[last+1:], "apuesta_recibida") ||
		slices.Contains(actions[:last], "ganadores_enviados") {
		t.Error("bets after the draw, or winners before it")
	}
	return lines
}
