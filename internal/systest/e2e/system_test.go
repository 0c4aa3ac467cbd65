package e2e

import (
	"fmt"
	"strconv"
	"syscall"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

func TestBatchesOfOne(t *testing.T) {
	runLottery(t, map[int][][]string{1: plainRows(1, 101), 2: plainRows(2, 1), 3: nil}, 1)
}

func TestDifficultRows(t *testing.T) {
	runLottery(t, map[int][][]string{1: difficultRows(1, 300), 2: difficultRows(2, 47)}, 10)
}

func TestManyAgencies(t *testing.T) {
	agencies := 200
	if raceEnabled {
		agencies = 100 // its processes are large
	}
	data := make(map[int][][]string)
	for id := 1; id <= agencies; id++ {
		data[id] = plainRows(id, id%7)
	}
	runLottery(t, data, 3)
}

func TestSingleBets(t *testing.T) {
	l := newLottery(t, 3)
	server := l.startServer()
	want := make(map[int][][]string)
	for id := 1; id <= 3; id++ {
		row := []string{`Santiago "Lionel"`, "Lorca, hijo", fmt.Sprintf("0%d904465", id), "1999-03-17", strconv.Itoa(7573 + id)}
		want[id] = append(want[id], row)
		p := l.startClient(id, "NOMBRE="+row[0], "APELLIDO="+row[1], "DOCUMENTO="+row[2], "NACIMIENTO="+row[3], "NUMERO="+row[4])
		p.Await("action: apuesta_enviada | result: success | dni: " + row[2] + " | numero: " + row[4])
		server.Await("action: apuesta_almacenada | result: success | dni: " + row[2] + " | numero: " + row[4])
		if status := p.Wait(); status != 0 {
			t.Errorf("exit status %d", status)
		}
		logtest.ParseLines(t, p.Lines())
	}
	server.Stop(syscall.SIGTERM)
	logtest.ParseLines(t, server.Lines())
	l.checkStored(want)
}

func TestEcho(t *testing.T) {
	l := newLottery(t, 5)
	server := l.startServer()
	for id := 1; id <= 3; id++ {
		p := l.startClient(id, "CLI_MODE=echo", "CLI_LOOP_AMOUNT=4")
		p.Await(fmt.Sprintf("action: loop_finished | result: success | client_id: %d", id))
		p.Wait()
		for n := 1; n <= 4; n++ {
			message := fmt.Sprintf(" | msg: [CLIENT %d] Message N°%d", id, n)
			p.Await(fmt.Sprintf("action: receive_message | result: success | client_id: %d%s", id, message))
			server.Await("action: receive_message | result: success | ip: 127.0.0.1" + message)
		}
		logtest.ParseLines(t, p.Lines())
	}
	server.Stop(syscall.SIGTERM)
	logtest.ParseLines(t, server.Lines())
}

// After a restart after the draw, the server sends the same winners, logs that it has
// recovered them, and accepts no bets.
func TestRestartAfterTheDraw(t *testing.T) {
	data := map[int][][]string{1: plainRows(1, 50), 2: plainRows(2, 20)}
	l := newLottery(t, 2, "SERVER_PUBLISH_DELAY=100ms")
	server := l.startServer()
	for id := range data {
		defer checkAgency(t, l.startAgency(id, data[id], 7), winners(data[id]))
	}
	server.AwaitMany("action: ganadores_enviados | result: success", 2)
	checkServer(t, server, 70)

	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL, syscall.SIGINT} {
		server = l.startServer()
		for id := range data {
			checkAgency(t, l.startAgency(id, data[id], 13), winners(data[id]))
		}
		late := l.startClient(1, "NOMBRE=A", "APELLIDO=B", "DOCUMENTO=1", "NACIMIENTO=1999-03-17", "NUMERO=7574")
		late.Await("action: apuesta_enviada | result: fail | dni: 1 | numero: 7574 | error: agency closed")
		if status := late.Wait(); status != 1 {
			t.Errorf("a bet after the draw: exit status %d", status)
		}
		server.Signal(signal)
		server.Wait()
		lines := logtest.ParseLines(t, server.Lines())
		if n := len(logtest.Select(lines, "sorteo_recuperado", "success")); n != 1 || len(logtest.Select(lines, "sorteo", "success")) > 0 {
			t.Errorf("the draw was recovered %d times", n)
		}
		l.checkStored(data)
	}
}

// After a restart before the draw, the server waits for the agencies that have not
// finished. The others connect again, and there is one draw.
func TestRestartBeforeTheDraw(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		data := map[int][][]string{1: plainRows(1, 50), 2: plainRows(2, 20), 3: plainRows(3, 10)}
		l := newLottery(t, 3)
		server := l.startServer()
		agencies := map[int]*processtest.Process{1: l.startAgency(1, data[1], 7), 2: l.startAgency(2, data[2], 7)}
		server.AwaitMany("action: agencia_finalizada", 2)
		server.Signal(signal)
		server.Wait()
		logtest.ParseLines(t, server.Lines())
		server = l.startServer()
		server.AwaitMany("action: saludo | result: success", 2)
		agencies[3] = l.startAgency(3, data[3], 7)
		for id, p := range agencies {
			checkAgency(t, p, winners(data[id]))
		}
		checkServer(t, server, 10) // the others were stored before
		l.checkStored(data)
	}
}
