package tcp

import (
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

func TestNewerConnectionSupersedes(t *testing.T) {
	c := start(t, setup{agencies: 2})
	old, other := c.agency(1, 0), c.agency(2, 0)
	old.send(batch(0, 10))
	old.acked(10)
	young := c.agency(1, 10)
	old.send(batch(10, 10), &protocol.Finished{Total: 20}) // ignored
	if got := old.expectError(protocol.StatusSuperseded); !got.Status.Final() {
		t.Error("the old one would come again")
	}
	young.send(batch(10, 5))
	young.acked(15)
	other.send(batch(0, 1)) // another agency has no part in it
	other.acked(1)
	c.wantStored(1, 15)
	c.logs.want(0, "action: agencia_finalizada")
	c.logs.wait(1, "action: sesion | result: fail | ip: 127.0.0.1 | agencia: 1 | error: ")
}

// The newer connection gets its WELCOME after all batches of the older one are stored or
// have failed. The WELCOME counts all that are stored.
func TestWelcomeWaitsForQueuedBatchesOfTheOlder(t *testing.T) {
	for _, tt := range []struct {
		name   string
		broken bool
		stored lottery.Offset
	}{{"durable", false, 20}, {"failed", true, 0}} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDisk()
			c := start(t, setup{fs: d, agencies: 2})
			old := c.agency(1, 0)
			waiting, pass := make(chan struct{}, 9), make(chan struct{})
			d.set(func(op, file string) error {
				if op != "write" {
					return nil
				}
				waiting <- struct{}{}
				<-pass
				if tt.broken {
					return errDisk
				}
				return nil
			})
			old.send(batch(0, 10), batch(10, 10))
			<-waiting
			young := c.dial()
			young.send(hello(1))
			c.nothing(young, 2)
			close(pass)
			if got := young.welcome(); got.Stored != tt.stored {
				t.Errorf("welcomed with %d bets, want %d", got.Stored, tt.stored)
			}
			if !tt.broken {
				old.acked(20)
				old.expectError(protocol.StatusSuperseded)
			} else {
				old.expectError(protocol.StatusStorageFailed)
			}
			c.wantStored(1, int(tt.stored))
		})
	}
}

// Several connections of an agency come while the disk is slow. The last waits for the
// first. Those between get the ERROR at once.
func TestChainOfConnections(t *testing.T) {
	d := newDisk()
	c := start(t, setup{fs: d, agencies: 2})
	first := c.agency(1, 0)
	g := d.shut(t)
	first.send(batch(0, 10))
	<-g.waiting
	chain := []*peer{first}
	for i := range 5 {
		p := c.dial()
		p.send(hello(1), batch(10, 2+i))
		// The next comes when this one waits. It waits, because a peer that
		// came after it was served.
		c.nothing(p, 2)
		eventually(t, "one waits for the first", func() bool { return superseding() == 1 })
		if i > 0 {
			chain[i].expectError(protocol.StatusSuperseded)
		}
		chain = append(chain, p)
	}
	g.open()
	first.acked(10)
	first.expectError(protocol.StatusSuperseded)
	last := chain[5]
	last.welcome()
	last.acked(16)
	c.wantStored(1, 16)
}

// superseding counts the connections that wait for their predecessor.
func superseding() int { return countStacks("central.(*Takeovers).Claim") }

// The newer connection wins, also if the HELLO of the older one is read last. An old
// connection that an agency gave up must not supersede its new one.
func TestLateHelloOfAnOlderConnection(t *testing.T) {
	c := start(t, setup{})
	old := c.dial()
	c.logs.wait(1, "accept_connections | result: success")
	young := c.agency(1, 0)
	old.send(hello(1), batch(0, 3))
	old.expectError(protocol.StatusSuperseded)
	young.send(batch(0, 10))
	young.acked(10)
	young.Close()
	c.logs.wait(2, "action: close_connection")
	c.agency(1, 10)
	c.wantStored(1, 10)
}

// The older waits for the draw when its agency comes again.
func TestSupersededWhileItWaitsForTheDraw(t *testing.T) {
	c := start(t, setup{agencies: 2})
	old := c.agency(1, 0)
	old.send(batch(0, 10))
	old.acked(10)
	old.finish(10)
	young := c.agency(1, 10)
	old.expectError(protocol.StatusSuperseded)
	young.finish(10)
	c.agency(2, 0).finish(0)
	if winners, _ := young.winners(); len(winners) != 1 {
		t.Errorf("winners: %v", winners)
	}
	c.logs.want(1, "action: sorteo")
	c.logs.want(1, "action: agencia_finalizada | result: success | agencia: 1")
}

// A superseded peer that does not read does not delay the next one.
func TestSupersededPeerThatNeverReads(t *testing.T) {
	c := start(t, setup{buffers: 4096})
	old := c.agency(1, 0)
	storeWinners(old, 5000)
	old.finish(5000)
	c.logs.wait(1, "action: sorteo")
	eventually(t, "the server is stuck in writing", func() bool { return countStacks("deadline.(*Conn).Write") == 1 })
	begin := time.Now()
	young := c.agency(1, 5000)
	if took := time.Since(begin); took > 5*time.Second { // a write to such a peer may take ten
		t.Errorf("the newer was welcomed after %v", took)
	}
	young.finish(5000)
	if winners, frames := young.winners(); len(winners) != 5000 || frames < 2 {
		t.Errorf("%d winners in %d frames", len(winners), frames)
	}
}
