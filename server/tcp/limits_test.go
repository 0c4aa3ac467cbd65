package tcp

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

func TestHelloLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := helloLimit{most: 2}
		allowed := func(address string, want ...bool) {
			t.Helper()
			for i, w := range want {
				if got := l.allow(address); got != w {
					t.Errorf("%s, number %d: allowed %v, want %v", address, i+1, got, w)
				}
			}
		}
		allowed("a", true, true, false, false)
		allowed("b", true, true, false)
		time.Sleep(time.Second - 1)
		allowed("a", false)
		time.Sleep(time.Nanosecond)
		allowed("a", true, true, false)
		if len(l.hellos) != 1 {
			t.Errorf("%d addresses are remembered, want 1", len(l.hellos))
		}
	})
	var none helloLimit
	for range 1000 {
		if !none.allow("a") {
			t.Fatal("there is no limit")
		}
	}
}

// A HELLO too many is told to come again.
func TestTooManyHellos(t *testing.T) {
	c := start(t, setup{options: Options{MaxHellos: 1}})
	refused := uint64(0)
	eventually(t, "two HELLOs come within a second", func() bool {
		for range 2 {
			p := c.dial()
			p.send(hello(1))
			kind, payload, err := p.frames.Next()
			var answer protocol.Error
			if err == nil && kind == protocol.TypeError && answer.Decode(payload) == nil {
				refused++
				if answer.Status != protocol.StatusBusy || answer.Status.Final() {
					t.Errorf("refused with %v", &answer)
				}
			}
			p.Close()
		}
		return refused > 0
	})
	if got := c.server.Stats().Limited["hellos"]; got != refused {
		t.Errorf("%d refused HELLOs counted, want %d", got, refused)
	}
}

// Bets beyond the limit are refused, a batch whole. What is stored is acknowledged
// again, also where the limit was set lower meanwhile.
func TestTooManyBets(t *testing.T) {
	c := start(t, setup{options: Options{MaxBets: 15}})
	p := c.agency(1, 0)
	p.send(batch(0, 10), batch(10, 6))
	p.acked(10)
	if got := p.expectError(protocol.StatusLimit); got.Offset != 10 || got.Count != 6 || !got.Status.Final() || !strings.Contains(got.Text, "15 bets") {
		t.Errorf("refused with %+v", got)
	}
	if got := c.server.Stats().Limited["bets"]; got != 6 {
		t.Errorf("%d refused bets counted, want 6", got)
	}
	p = c.agency(1, 10)
	p.send(batch(5, 10)) // up to the limit
	p.acked(15)
	p.Close()

	c.setup.options.MaxBets = 5
	c.restart()
	p = c.agency(1, 15)
	for _, again := range []*protocol.Batch{batch(0, 15), batch(3, 4)} {
		p.send(again) // one at a time: two may have one ACK or two
		p.acked(15)
	}
	p.send(batch(1<<64-1, 1))
	p.expectError(protocol.StatusLimit)
	p = c.agency(1, 15)
	p.send(&protocol.Single{Offset: 15, Bet: bet(15)})
	p.expectError(protocol.StatusLimit)
	c.wantStored(1, 15)
}
