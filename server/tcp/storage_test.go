package tcp

import (
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// A batch that the disk does not take leaves no trace: it is logged, answered after
// all before it, and accepted when it comes again.
func TestRefusedBatch(t *testing.T) {
	d := newDisk()
	c := start(t, setup{fs: d})
	p := c.agency(1, 0)
	p.send(batch(0, 10))
	p.acked(10)

	d.set(failing("write", "bets.csv"))
	p.send(batch(10, 7))
	got := p.expectError(protocol.StatusStorageFailed)
	if got.Offset != 10 || got.Count != 7 || got.Status.Final() {
		t.Errorf("the ERROR names %d bets at %d, final: %t", got.Count, got.Offset, got.Status.Final())
	}
	c.logs.wait(1, "action: close_connection")
	c.logs.want(1, "action: apuesta_recibida | result: fail | cantidad: 7 | agencia: 1 | error: ")
	c.logs.want(1, "action: apuesta_recibida | result: fail")
	c.wantStored(1, 10)

	d.set(nil)
	p = c.agency(1, 10)
	p.send(batch(10, 7))
	p.acked(17)
	c.wantStored(1, 17)
	c.restart()
	c.wantStored(1, 17)
}

// After a failed batch, the batches in flight and a FINISHED fail too. The ERROR is
// about the first of them.
func TestRefusedBatchWithOthersBehindIt(t *testing.T) {
	d := newDisk()
	c := start(t, setup{fs: d})
	p := c.agency(1, 0)
	p.send(batch(0, 10))
	p.acked(10)
	d.set(failing("write", "bets.csv"))
	p.send(batch(10, 5), batch(15, 5), batch(20, 5), &protocol.Finished{Total: 25}, &protocol.Query{})
	if got := p.expectError(protocol.StatusStorageFailed); got.Offset != 10 || got.Count != 5 {
		t.Errorf("the ERROR names %d bets at %d", got.Count, got.Offset)
	}
	c.wantStored(1, 10)
	c.logs.want(0, "action: agencia_finalizada")
	c.logs.want(1, "action: apuesta_recibida | result: success")

	d.set(nil)
	p = c.agency(1, 10)
	p.send(batch(10, 5), batch(15, 5), batch(20, 5))
	p.acked(25)
	p.finish(25)
	p.winners()
	c.wantStored(1, 25)
}

// A batch fails while more batches follow than replies may be pending. For the batch
// that is read next, bets are missing. This is not the agency's fault, so the log does
// not call it a violation.
func TestBatchReadAfterAFailedOne(t *testing.T) {
	d := newDisk()
	c := start(t, setup{fs: d})
	p := c.agency(1, 0)
	d.set(failing("write", "bets.csv"))
	var all []protocol.Message
	for at := range lottery.Offset(maxReplies + 10) {
		all = append(all, batch(at, 1))
	}
	p.send(all...)
	if got := p.expectError(protocol.StatusStorageFailed); got.Offset != 0 || got.Count != 1 {
		t.Errorf("the ERROR names %d bets at %d", got.Count, got.Offset)
	}
	c.logs.wait(1, "action: close_connection")
	c.logs.want(1, "error: storage failed: a batch before it was refused")
	c.logs.want(0, protocol.StatusViolation.String())
	c.wantStored(1, 0)
}

// A single bet's failure has the fifth exercise's line.
func TestRefusedSingleBet(t *testing.T) {
	d := newDisk()
	c := start(t, setup{fs: d})
	p := c.agency(1, 0)
	d.set(failing("write", "bets.csv"))
	p.send(&protocol.Single{Bet: bet(0)})
	if got := p.expectError(protocol.StatusStorageFailed); got.Offset != 0 || got.Count != 1 {
		t.Errorf("the ERROR names %d bets at %d", got.Count, got.Offset)
	}
	c.logs.wait(1, "action: close_connection")
	c.logs.want(1, "action: apuesta_almacenada | result: fail | dni: 00000000 | numero: 7574 | error: ")
	c.logs.want(0, "action: apuesta_recibida | result: fail")
	c.wantStored(1, 0)
}

// After a failed fsync, or a cut that failed, it is not known what the file holds.
// Every call fails until a restart.
func TestBrokenStorage(t *testing.T) {
	for _, op := range []string{"sync", "truncate"} {
		t.Run(op, func(t *testing.T) {
			d := newDisk()
			c := start(t, setup{fs: d, agencies: 2})
			p, q := c.agency(1, 0), c.agency(2, 0)
			p.send(batch(0, 10))
			p.acked(10)
			d.set(func(o, file string) error {
				if file == "bets.csv" && (o == op || op == "truncate" && o == "write") {
					return errDisk
				}
				return nil
			})
			p.send(batch(10, 10))
			p.expectError(protocol.StatusStorageFailed)
			d.set(nil)
			q.send(batch(0, 3))
			q.expectError(protocol.StatusStorageFailed)
			c.logs.wait(2, "action: apuesta_recibida | result: fail")
			p = c.agency(1, 10)
			p.send(batch(10, 10))
			p.expectError(protocol.StatusStorageFailed)
			c.restart()
			// Of what was never acknowledged, whole rows may be there.
			stored := len(c.documents(1))
			if stored < 10 || stored > 20 {
				t.Errorf("%d bets after the restart", stored)
			}
			p = c.agency(1, lottery.Offset(stored))
			p.send(batch(10, 20))
			p.acked(30)
			c.wantStored(1, 30)
		})
	}
}

// A notification is as durable as a bet, or it fails.
func TestRefusedNotification(t *testing.T) {
	d := newDisk()
	c := start(t, setup{fs: d})
	d.set(failing("write", "bets.csv.journal"))
	p := c.agency(1, 0)
	p.send(batch(0, 10), &protocol.Finished{Total: 10}, &protocol.Query{})
	p.acked(10)
	p.expectError(protocol.StatusStorageFailed)
	c.logs.want(0, "action: agencia_finalizada")
	c.logs.want(0, "action: sorteo")

	d.set(nil)
	p = c.agency(1, 10)
	p.finish(10)
	p.winners()
	c.logs.want(1, "action: agencia_finalizada | result: success | agencia: 1 | apuestas: 10 | faltan: 0")
	c.logs.inOrder("action: sorteo | result: success", "action: ganadores_enviados | result: success | agencia: 1 | cant_ganadores: 1")
}

// If the draw cannot be recorded there is none yet: whoever waits goes on waiting,
// and it is held when there is room on the disk again.
func TestRefusedDraw(t *testing.T) {
	d := newDisk()
	c := start(t, setup{fs: d, agencies: 2})
	p, q := c.agency(1, 0), c.agency(2, 0)
	p.send(batch(0, 10))
	p.acked(10)
	p.finish(10)
	writes := 0
	d.set(func(op, file string) error {
		if op == "write" && file == "bets.csv.journal" {
			if writes++; writes >= 2 && writes <= 4 { // the first is the notification
				return errDisk
			}
		}
		return nil
	})
	q.finish(0)
	for waiting, want := range map[*peer]int{p: 1, q: 0} {
		if winners, _ := waiting.winners(); len(winners) != want {
			t.Errorf("winners: %v, want %d", winners, want)
		}
	}
	c.logs.want(3, "action: sorteo | result: fail")
	c.logs.want(1, "action: sorteo | result: success | recovered: false")
	c.restart()
}

// The ERROR of a storage failure names no file of the server. The log names them.
func TestRefusalNamesNoFile(t *testing.T) {
	for _, tt := range []struct {
		name     string
		op, file string // what fails
		send     []protocol.Message
		line     string // of the log, which shows the reason
	}{
		{"batch", "write", "bets.csv", []protocol.Message{batch(0, 10)}, "action: apuesta_recibida | result: fail"},
		{"single bet", "write", "bets.csv", []protocol.Message{&protocol.Single{Bet: bet(0)}}, "action: apuesta_almacenada | result: fail"},
		{"notification", "write", "bets.csv.journal", []protocol.Message{&protocol.Finished{}}, "action: sesion | result: fail"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDisk()
			c := start(t, setup{fs: d})
			d.set(failing(tt.op, tt.file))
			p := c.agency(1, 0)
			p.send(tt.send...)
			message := p.expectError(protocol.StatusStorageFailed)
			for _, told := range []string{"bets.csv", c.folder, "no space"} {
				if strings.Contains(message.Text, told) {
					t.Errorf("the peer is told %q", message.Text)
				}
			}
			c.logs.wait(1, "action: close_connection")
			for line := range strings.Lines(c.logs.String()) {
				if strings.Contains(line, tt.line) && (!strings.Contains(line, tt.file) || !strings.Contains(line, "no space")) {
					t.Errorf("the log does not say why: %s", line)
				}
			}
			c.logs.want(1, tt.line)
		})
	}
}

// The ERROR of a broken store says no more than that of a failed write.
func TestBrokenStorageNamesNoFile(t *testing.T) {
	d := newDisk()
	c := start(t, setup{fs: d})
	d.set(failing("sync", "bets.csv"))
	p := c.agency(1, 0)
	p.send(batch(0, 10))
	p.expectError(protocol.StatusStorageFailed)
	p = c.agency(1, 0)
	p.send(batch(0, 10)) // the store does not even take it
	if text := p.expectError(protocol.StatusStorageFailed).Text; strings.Contains(text, "bets.csv") {
		t.Errorf("the peer is told %q", text)
	}
}
