//go:build linux

package e2e

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// The disk becomes full during the uploads. The server logs that, stores no part of a batch
// that it refuses, and goes on. The agencies retry. When there is room again, they finish.
func TestFullDisk(t *testing.T) {
	data := map[int][][]string{1: plainRows(1, 3000), 2: difficultRows(2, 500)}
	for _, size := range []int{0, 1, 30_000, 54_321} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			l := newLottery(t, 2)
			server := l.startLimitedServer(fileSize, size)
			agencies := map[int]*processtest.Process{1: l.startAgency(1, data[1], 7), 2: l.startAgency(2, data[2], 64)}
			refusals := server.AwaitMany("action: apuesta_recibida | result: fail", 4)
			for _, p := range agencies {
				p.AwaitMany("result: in_progress | client_id: ", 2)
			}
			l.checkWhole(data)
			room := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
			if err := unix.Prlimit(server.Pid(), unix.RLIMIT_FSIZE, &room, nil); err != nil {
				t.Fatal(err)
			}
			for id, p := range agencies {
				checkAgency(t, p, winners(data[id]))
			}
			server.Stop(syscall.SIGTERM)
			l.checkStored(data)
			checkRefusals(t, logtest.ParseLines(t, server.Lines()), refusals)
		})
	}
}

// The disk stays full. An agency fails and logs why. The server goes on, and no stored row
// is cut. It stops with exit status 0. Started again with room on the disk, it finishes
// the lottery.
func TestFullDiskForGood(t *testing.T) {
	data := map[int][][]string{1: plainRows(1, 1000), 2: nil}
	l := newLottery(t, 2)
	server := l.startLimitedServer(fileSize, 20_000)
	name := l.dataFile(1, data[1])
	failing := l.startClient(1, "CLI_DATA_FILE="+name, "CLI_RETRY_DEADLINE=3s")
	failing.Await("action: consulta_ganadores | result: fail | client_id: 1 | error: no progress for 3s: storage failed: ")
	if status := failing.Wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	logtest.ParseLines(t, failing.Lines())
	empty := l.startAgency(2, nil, 1) // it has nothing to store
	empty.Await("action: notificacion_enviada | result: success | client_id: 2 | apuestas: 0")
	server.Stop(syscall.SIGTERM)
	logtest.ParseLines(t, server.Lines())
	l.checkWhole(data)

	server = l.startServer()
	if torn := logtest.Select(logtest.ParseLines(t, server.Lines()), "fila_incompleta", "success"); len(torn) > 0 {
		t.Errorf("left a torn row: %+v", torn)
	}
	checkAgency(t, l.startAgency(1, data[1], 100), winners(data[1]))
	checkAgency(t, empty, nil)
	server.Stop(syscall.SIGTERM)
	l.checkStored(data)
}

// checkWhole checks that the stored rows of each agency are the first rows of its file,
// and that no row is cut.
func (l *lottery) checkWhole(data map[int][][]string) {
	l.t.Helper()
	content, err := os.ReadFile(l.storage())
	if err != nil {
		l.t.Fatal(err)
	}
	// The server writes to the file at the same time. The last row of this copy may be
	// incomplete: the server has not written it to the end, or will remove it.
	if end := strings.LastIndex(string(content), "\r\n"); end >= 0 {
		content = content[:end+2]
	} else {
		content = nil
	}
	for id, rows := range parseRows(l.t, string(content)) {
		if len(rows) > len(data[id]) {
			l.t.Errorf("agency %d has %d rows", id, len(rows))
			continue
		}
		for i, row := range rows {
			if strings.Join(row, "\x00") != strings.Join(data[id][i], "\x00") {
				l.t.Fatalf("row %d of agency %d is %q, want %q", i, id, row, data[id][i])
			}
		}
	}
}

// checkRefusals checks that the lines of refused batches have the number of bets and the
// reason.
func checkRefusals(t *testing.T, lines []logtest.Line, refusals []string) {
	t.Helper()
	if !strings.Contains(refusals[0], "file too large") || !strings.Contains(refusals[0], "bets.csv") {
		t.Errorf("does not name the reason and the file: %s", refusals[0])
	}
	for _, line := range logtest.Select(lines, "apuesta_recibida", "fail") {
		if n, err := strconv.Atoi(line.Keys["cantidad"]); err != nil || n < 1 || n > 64 {
			t.Errorf("cantidad %q", line.Keys["cantidad"])
		}
	}
	if n := len(logtest.Select(lines, "sorteo", "success")); n != 1 {
		t.Errorf("sorteo is logged %d times", n)
	}
}
