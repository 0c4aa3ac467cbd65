package tcp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

func TestUpload(t *testing.T) {
	for _, size := range []int{1, 7, 64, 100} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			c := start(t, setup{})
			p := c.agency(1, 0)
			const n = 301 // leaves one bet for the last batch of 100
			for at := 0; at < n; at += size {
				p.send(batch(lottery.Offset(at), min(size, n-at)))
			}
			p.acked(n)
			p.finish(n)
			winners, _ := p.winners()
			if fmt.Sprint(winners) != "[00000000 00000100 00000200 00000300]" {
				t.Errorf("winners: %v", winners)
			}
			c.wantStored(1, n)
			c.logs.want((n+size-1)/size, "action: apuesta_recibida | result: success")
			c.logs.want(n/size, fmt.Sprintf("| cantidad: %d |", size))
			c.logs.want(0, "result: fail")
		})
	}
}

// The server acknowledges again what it has stored, and no ACK goes back. Of a batch
// that overlaps it stores the rest. Only new bets are counted.
func TestRepeatedAndOverlappingBatches(t *testing.T) {
	c := start(t, setup{})
	p := c.agency(1, 0)
	ack := func(n lottery.Offset) *protocol.Ack { return &protocol.Ack{Stored: n} }
	wrong := batch(101, 2)
	wrong.Bets[0].Birthdate.Month = 13
	wrong.Offset = 100
	for _, tt := range []struct {
		batch *protocol.Batch
		ack   lottery.Offset
	}{
		{batch(0, 10), 10},
		{batch(0, 10), 10},   // repeated
		{batch(3, 4), 10},    // a part of it
		{batch(5, 10), 15},   // half new
		{batch(0, 100), 100}, // cut differently
		{batch(0, 1), 100},
		{batch(100, 1), 101},
		{wrong, 102}, // where it has one already, it does not look at it
	} {
		p.send(tt.batch)
		p.expect(ack(tt.ack))
	}
	c.logs.want(2, "action: apuesta_recibida | result: success | cantidad: 1 |")
	for _, line := range []string{"cantidad: 10 |", "cantidad: 5 |", "cantidad: 85 |"} {
		c.logs.want(1, "action: apuesta_recibida | result: success | "+line)
	}
	c.logs.want(5, "action: apuesta_recibida")
	c.logs.want(3, "DEBUG    action: lote_repetido | result: success")
}

func TestSingleBets(t *testing.T) {
	c := start(t, setup{})
	p := c.agency(1, 0)
	for i := range lottery.Offset(3) {
		single := &protocol.Single{Offset: i, Bet: bet(i)}
		single.Bet.Number += int64(i) << 40
		p.send(single)
		p.expect(&protocol.Ack{Stored: i + 1})
	}
	p.send(&protocol.Single{Offset: 1, Bet: bet(1)}) // an answer was lost
	p.expect(&protocol.Ack{Stored: 3})
	p.send(&protocol.Single{Offset: 4, Bet: bet(4)})
	p.expectError(protocol.StatusViolation)
	c.wantStored(1, 3)
	c.logs.want(3, "action: apuesta_almacenada | result: success")
	c.logs.want(1, "action: apuesta_almacenada | result: success | dni: 00000000 | numero: 7574")
	c.logs.want(1, "action: apuesta_almacenada | result: success | dni: 00000002 | numero: 2199023255554")
	c.logs.want(0, "action: apuesta_recibida | result: success")
}

// More batches are in flight than replies may be pending. An ACK may answer several
// batches. No ACK goes back, and none comes before the log line and the file.
func TestPipelinedBatches(t *testing.T) {
	c := start(t, setup{})
	const batches, size = 500, 3
	var raw []byte
	for i := range batches {
		raw = append(raw, frames(t, batch(lottery.Offset(i*size), size))...)
	}
	p := c.agency(1, 0)
	p.write(raw)
	for stored := lottery.Offset(0); stored < batches*size; {
		var m protocol.Ack
		p.receive(&m)
		if m.Stored < stored {
			t.Fatalf("ACK of %d after %d", m.Stored, stored)
		}
		stored = m.Stored
		if durable := c.store.State(1).Bets; lottery.Offset(durable) < stored {
			t.Fatalf("ACK of %d with %d durable", stored, durable)
		}
		if lines := c.logs.count("action: apuesta_recibida"); lottery.Offset(lines*size) < stored {
			t.Fatalf("ACK of %d with %d lines", stored, lines)
		}
	}
	c.wantStored(1, batches*size)
}

func TestWelcomeTellsWhatIsStored(t *testing.T) {
	c := start(t, setup{agencies: 2})
	var records []byte
	for _, b := range batch(0, 25).Bets {
		records, _ = protocol.AppendRecord(records, &b)
	}
	want := protocol.Welcome{Stored: 25, Sum: protocol.Checksum(0, records)}
	p := c.agency(1, 0)
	p.send(batch(0, 25))
	p.acked(25)
	greet := func(id lottery.AgencyID) protocol.Welcome {
		q := c.dial()
		q.send(hello(id))
		defer q.Close()
		return q.welcome()
	}
	if got := greet(1); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := greet(2); got != (protocol.Welcome{}) {
		t.Errorf("another agency: %+v", got)
	}
	p = c.agency(1, 25)
	p.send(&protocol.Finished{Total: 25})
	p.expect(&protocol.Registered{})
	p.send(&protocol.Finished{Total: 25})
	p.expect(&protocol.Registered{}) // the same again is no harm
	want.Finished = true
	if got := greet(1); got != want {
		t.Errorf("after FINISHED: %+v, want %+v", got, want)
	}
	c.restart()
	if got := greet(1); got != want {
		t.Errorf("after a restart: %+v, want %+v", got, want)
	}
	c.agency(2, 0).finish(0)
	c.logs.wait(1, "action: sorteo | result: success")
	eventually(t, "the draw is out", c.draw.Released)
	want.Drawn = true
	if got := greet(1); got != want {
		t.Errorf("after the draw: %+v, want %+v", got, want)
	}
	c.logs.want(2, "action: agencia_finalizada")
}

// A peer that has closed its half still reads.
func TestAnswersReachPeerThatSendsNoMore(t *testing.T) {
	c := start(t, setup{agencies: 20})
	for id := range lottery.AgencyID(20) {
		p := c.agency(id+1, 0)
		p.send(batch(0, 10), batch(10, 10))
		if err := p.socket().CloseWrite(); err != nil {
			t.Fatal(err)
		}
		p.acked(20)
		p.closed()
	}
	c.logs.want(0, "result: fail")
}

func TestEcho(t *testing.T) {
	c := start(t, setup{})
	long := bytes.Repeat([]byte{'x'}, 7999)
	for _, tt := range []struct {
		name, send string
		half       bool // the peer closes its half
		want, line string
	}{
		{"line", "[CLIENT 1] Message N°1\n", false, "[CLIENT 1] Message N°1\n", "result: success | ip: 127.0.0.1 | msg: [CLIENT 1] Message N°1"},
		{"up to the end", "no end of line", true, "no end of line", "msg: no end of line"},
		{"first line only", "one\ntwo\n", false, "one\n", "msg: one"},
		{"empty line", "\n", false, "\n", "msg: "},
		{"hostile", "a | result: fail\x1b[31m\n", false, "a | result: fail\x1b[31m\n", `msg: a \x7C result: fail\x1B[31m`},
		{"longest", string(long) + "\n", false, string(long) + "\n", "msg: xxx"},
		{"too long", string(long) + "xx\n", false, "", "action: receive_message | result: fail"},
		{"nothing", "", true, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := c.dial()
			p.write([]byte(tt.send))
			if tt.half {
				_ = p.socket().CloseWrite()
			}
			got, err := io.ReadAll(p)
			var reset *net.OpError
			if string(got) != tt.want || err != nil && (tt.want != "" || !errors.As(err, &reset)) {
				t.Errorf("got %.40q, %v", got, err)
			}
			c.logs.wait(1, tt.line)
			p.Close()
		})
	}
	c.logs.wait(8, "action: close_connection | result: success")
	c.logs.wait(9, "action: accept_connections | result: in_progress") // one before each accept
	c.logs.want(9, "action: accept_connections | result: in_progress")
	c.logs.want(7, "action: receive_message")
	c.logs.want(0, `\n`) // the line's end is no part of the message
	c.logs.want(1, "result: fail | ip: 127.0.0.1 | error: message of more than 8000 bytes")
}
