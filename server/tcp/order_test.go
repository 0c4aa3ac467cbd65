package tcp

import (
	"slices"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// nothing checks that nothing was sent to the peer up to now. It serves another agency
// first: what was written to the peer before that has arrived.
func (c *testServer) nothing(p *peer, other lottery.AgencyID) {
	c.t.Helper()
	c.agency(other, 0).Close()
	if n := buffered(p); n > 0 {
		c.t.Errorf("%d bytes were sent too early", n)
	}
}

// Durable, then the log line, then the ACK.
func TestOrderOfStorageLogAndAnswer(t *testing.T) {
	d := newDisk()
	c := start(t, setup{fs: d, agencies: 2})
	p := c.agency(1, 0)
	g := d.shut(t)
	p.send(batch(0, 10), &protocol.Finished{Total: 10}, &protocol.Query{})
	<-g.waiting
	c.nothing(p, 2)
	c.logs.want(0, "action: apuesta_recibida")
	c.logs.want(0, "action: agencia_finalizada")
	sent := 0 // when the batch is logged
	c.logs.call(func(line string) {
		if strings.Contains(line, "action: apuesta_recibida") {
			sent = buffered(p)
		}
	})
	g.open()
	c.logs.wait(1, "action: apuesta_recibida")
	if sent > 0 {
		t.Errorf("%d bytes were sent before the batch was logged", sent)
	}
	p.expect(&protocol.Ack{Stored: 10})
	c.logs.want(1, "action: apuesta_recibida | result: success | cantidad: 10 | agencia: 1")
	c.wantStored(1, 10)
	p.expect(&protocol.Registered{})
	c.logs.inOrder("action: apuesta_recibida", "action: agencia_finalizada")
	c.nothing(p, 2) // no winners before the draw
	c.logs.want(0, "action: sorteo")
}

// What is durable is logged and acknowledged while later batches wait for the
// disk.
func TestDurableDoesNotWaitForWhatFollows(t *testing.T) {
	d := newDisk()
	c := start(t, setup{fs: d})
	p := c.agency(1, 0)
	g := d.shut(t)
	p.send(batch(0, 10))
	<-g.waiting // that write holds the first batch
	p.send(batch(10, 10), batch(20, 10))
	eventually(t, "both are queued", func() bool {
		_, err := c.store.StoreBets(1, 30, nil, nil)
		return err == nil
	})
	g.pass <- struct{}{}
	p.expect(&protocol.Ack{Stored: 10})
	c.logs.want(1, "action: apuesta_recibida")
	g.open()
	p.acked(30)
}

// An ERROR is sent after the replies to all frames before.
func TestRefusalWaitsForEarlierBatches(t *testing.T) {
	d := newDisk()
	c := start(t, setup{fs: d, agencies: 2})
	p := c.agency(1, 0)
	g := d.shut(t)
	p.send(batch(0, 10), batch(10, 10), batch(77, 1))
	<-g.waiting
	c.nothing(p, 2)
	g.open()
	p.acked(20)
	p.expectError(protocol.StatusViolation)
	c.logs.inOrder("apuesta_recibida | result: success", "apuesta_recibida | result: success", "apuesta_recibida | result: fail | cantidad: 1")
}

// While the disk holds up one agency's batches, the connection is still read,
// and another's wait with them for one write.
func TestBatchesWaitTogether(t *testing.T) {
	d := newDisk()
	c := start(t, setup{fs: d, agencies: 3})
	p, q := c.agency(1, 0), c.agency(2, 0)
	g := d.shut(t)
	p.send(batch(0, 1))
	<-g.waiting // that write holds one bet
	for i := range lottery.Offset(50) {
		p.send(batch(1+i, 1))
		q.send(batch(i, 1))
	}
	c.nothing(p, 3)
	g.open()
	p.acked(51)
	q.acked(50)
	if writes := 1 + len(g.waiting); writes > 20 {
		t.Errorf("%d writes for 101 batches", writes)
	}
	c.wantStored(1, 51)
	c.wantStored(2, 50)
}

// When as many replies are pending as may be, the session reads no further: the reply
// that is being completed, those that wait, and the one that finds no room.
func TestReadsNoFurtherThanRepliesMayBeDue(t *testing.T) {
	const most = 1 + maxReplies + 1
	d := newDisk()
	c := start(t, setup{fs: d})
	p := c.agency(1, 0)
	g := d.shut(t)
	for i := range lottery.Offset(most + 50) {
		p.send(batch(i, 1))
	}
	taken := func(n lottery.Offset) bool { // else an empty batch leaves a gap
		_, err := c.store.StoreBets(1, n, nil, nil)
		return err == nil
	}
	eventually(t, "all that may be read is", func() bool { return taken(most) })
	eventually(t, "the reader waits", func() bool {
		return slices.ContainsFunc(strings.Split(stacks(), "\n\n"), func(one string) bool {
			return strings.Contains(one, "[chan send") && strings.Contains(one, "tcp.(*session).read(")
		})
	})
	if taken(most + 1) {
		t.Errorf("more than %d batches are read", most)
	}
	g.open()
	p.acked(most + 50)
}

// The bets of an agency that has gone are stored and logged.
func TestBatchesOfAnAgencyThatHasGone(t *testing.T) {
	d := newDisk()
	c := start(t, setup{fs: d})
	p := c.agency(1, 0)
	g := d.shut(t)
	p.send(batch(0, 10), batch(10, 10))
	<-g.waiting
	p.Close()
	eventually(t, "the session has read the end", func() bool { return countStacks("tcp.(*session).read") == 0 })
	g.open()
	c.logs.wait(2, "action: apuesta_recibida | result: success | cantidad: 10 | agencia: 1")
	c.agency(1, 20)
	c.wantStored(1, 20)
}

// The winners come after the draw's line, and each agency gets its own.
func TestOrderOfTheDraw(t *testing.T) {
	c := start(t, setup{agencies: 3})
	p, q, r := c.agency(1, 0), c.agency(2, 0), c.agency(3, 0)
	p.send(batch(0, 150)) // two winners
	p.acked(150)
	p.finish(150)
	q.send(batch(0, 1)) // one
	q.acked(1)
	q.finish(1)
	for range 3 { // notifying again does not make it a third agency
		again := c.agency(1, 150)
		again.finish(150)
		p.expectError(protocol.StatusSuperseded)
		p = again
	}
	if buffered(p)+buffered(q) > 0 || c.logs.count("action: sorteo") > 0 {
		t.Error("an answer before the last agency has finished")
	}
	r.finish(0)
	for i, waiting := range []*peer{p, q, r} {
		if winners, _ := waiting.winners(); len(winners) != 2-i {
			t.Errorf("agency %d: %v", i+1, winners)
		}
	}
	c.logs.inOrder("action: sorteo | result: success", "action: ganadores_enviados")
	c.logs.want(1, "action: sorteo")
	c.logs.want(3, "action: agencia_finalizada")
	c.logs.want(3, "action: ganadores_enviados")
	late := c.agency(2, 1) // it asks again, after a lost answer
	late.finish(1)
	late.winners()
	late = c.agency(2, 1)
	late.send(batch(1, 1))
	late.expectError(protocol.StatusClosed)
}
