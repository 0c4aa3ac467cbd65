package tcp

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// storeWinners uploads n bets that all win.
func storeWinners(p *peer, n int) {
	p.t.Helper()
	const size = 100
	for at := 0; at < n; at += size {
		b := batch(lottery.Offset(at), min(size, n-at))
		for i := range b.Bets {
			b.Bets[i].Number = 7574
		}
		p.send(b)
	}
	p.acked(lottery.Offset(n))
}

func TestManyWinnersTakeSeveralFrames(t *testing.T) {
	c := start(t, setup{agencies: 2})
	p, q := c.agency(1, 0), c.agency(2, 0)
	storeWinners(p, 5000)
	p.finish(5000)
	q.finish(0)
	winners, frames := p.winners()
	if len(winners) != 5000 || frames != 6 { // 9 bytes each
		t.Errorf("%d winners in %d frames", len(winners), frames)
	}
	for i, document := range winners {
		if want := fmt.Sprintf("%08d", i); document != want {
			t.Fatalf("winner %d is %s, want %s", i, document, want)
		}
	}
	if winners, frames := q.winners(); len(winners) != 0 || frames != 1 {
		t.Errorf("without winners: %q in %d frames", winners, frames)
	}
}

func TestDrawOfManyAgencies(t *testing.T) {
	for _, n := range []int{1, 2, 200} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			c := start(t, setup{agencies: n})
			var all sync.WaitGroup
			for id := range lottery.AgencyID(n) {
				p := c.agency(id+1, 0)
				all.Go(func() { // none, one or two of them win
					bets := int(id) % 150
					if bets > 0 {
						p.send(batch(0, bets))
						p.acked(lottery.Offset(bets))
					}
					p.finish(lottery.Offset(bets))
					if winners, _ := p.winners(); len(winners) != (bets+99)/100 {
						t.Errorf("agency %d: %d winners", id+1, len(winners))
					}
				})
			}
			all.Wait()
			c.logs.want(1, "action: sorteo | result: success")
			c.logs.want(n, "action: ganadores_enviados | result: success")
		})
	}
}

func TestNobodyExpectedNobodyDrawn(t *testing.T) {
	c := start(t, setup{agencies: -1}) // stands for none
	p := c.dial()
	p.send(hello(1))
	p.expectError(protocol.StatusUnexpected)
	if c.draw.Released() {
		t.Error("held")
	}
}

// The server is started anew between all steps; its peers come again each time.
func TestRestartBetweenAllSteps(t *testing.T) {
	c := start(t, setup{agencies: 2, delay: time.Millisecond})
	c.restart()
	for at := lottery.Offset(0); at < 120; at += 40 {
		p := c.agency(1, at)
		p.send(batch(at, 40))
		p.acked(at + 40)
		c.restart()
		p.expectError(protocol.StatusStopping)
	}
	p := c.agency(1, 120)
	p.finish(120)
	c.restart()
	p.expectError(protocol.StatusStopping)
	p = c.agency(1, 120)
	p.send(batch(120, 1))
	p.expectError(protocol.StatusClosed) // it has finished, for good
	p = c.agency(1, 120)
	p.finish(120)
	c.logs.want(0, "action: sorteo")

	q := c.agency(2, 0)
	q.send(batch(0, 1))
	q.acked(1)
	q.finish(1)
	c.logs.wait(1, "action: sorteo | result: success | recovered: false | bets: 121 | winners: 3")
	for range 3 {
		first, _ := p.winners()
		second, _ := q.winners()
		if len(first) != 2 || len(second) != 1 {
			t.Errorf("winners: %v and %v", first, second)
		}
		c.restart()
		p, q = c.agency(1, 120), c.agency(2, 1)
		p.finish(120)
		q.finish(1)
	}
	c.logs.want(1, "recovered: false")
	const recovered = "action: sorteo | result: success | recovered: true | bets: 121 | winners: 3"
	c.logs.wait(3, recovered) // the last may be under way
	c.logs.want(3, recovered)
	c.wantStored(1, 120)
	c.wantStored(2, 1)
}

// The server ends between the last FINISHED and the record of the draw. The next start
// holds the draw at once, also if there are no bets.
func TestRestartWithAllNotificationsIn(t *testing.T) {
	d := newDisk()
	c := start(t, setup{fs: d})
	d.set(func(op, file string) error {
		if c.draw.Missing() == 0 { // the draw's record
			return errDisk
		}
		return nil
	})
	p := c.agency(1, 0)
	p.finish(0)
	c.logs.wait(1, "action: sorteo | result: fail")
	c.stop()
	p.expectError(protocol.StatusStopping)
	d.set(nil)
	c.open()
	c.logs.wait(1, "action: sorteo | result: success | recovered: false | bets: 0 | winners: 0")
	p = c.agency(1, 0)
	p.finish(0)
	if winners, frames := p.winners(); len(winners) != 0 || frames != 1 {
		t.Errorf("winners: %v in %d frames", winners, frames)
	}
}
