package tcp

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

func TestImpossibleLengths(t *testing.T) {
	c := start(t, setup{})
	for _, length := range []uint32{0, 7997, 8000, 1 << 16, 1<<24 - 1, 1 << 24, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
		raw := append(binary.BigEndian.AppendUint32(nil, length), byte(protocol.TypeBatch))
		p := c.agency(1, 0)
		p.write(append(raw, make([]byte, 100)...))
		p.expectError(protocol.StatusViolation)
		if length < 1<<24 { // else it is a line of text
			p = c.dial()
			p.write(raw)
			p.expectError(protocol.StatusViolation)
		}
	}
	c.wantStored(1, 0)
}

func TestGarbage(t *testing.T) {
	c := start(t, setup{})
	for _, raw := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00", "\xff\xff\xff\xff", strings.Repeat("\x00", 5000),
		strings.Repeat("A", 100_000), "\x00", "\x00\x00\x00\x06\x01", strings.Repeat("\x00\x00\x00\x01\x05", 300),
	} {
		p := c.dial()
		_, _ = p.Write([]byte(raw)) // the server may close first
		_ = p.socket().CloseWrite()
		p.closeGently()
	}
	c.logs.wait(8, "action: close_connection | result: success")
	p := c.agency(1, 0)
	p.finish(0)
	p.winners()
}

// An honest agency is served among those that are silent, slow, or deaf.
func TestHonestAgencyAmongOthers(t *testing.T) {
	c := start(t, setup{agencies: 12, buffers: 4096})
	for i := range 300 {
		p := c.dial()
		if i%3 == 1 {
			p.write([]byte("no end of line"))
		} else if i%3 == 2 {
			p.write(frames(t, hello(1))[:i%9])
		}
	}
	var others sync.WaitGroup
	defer others.Wait() // after the peers are closed
	done := make(chan struct{})
	defer close(done)
	for id := lottery.AgencyID(2); id <= 6; id++ { // slow
		p := c.dial()
		others.Go(func() {
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for _, b := range join(conversation(t, id)) {
				select {
				case <-tick.C:
				case <-done:
					return
				}
				if _, err := p.Write([]byte{b}); err != nil {
					return
				}
			}
		})
	}
	for id := lottery.AgencyID(7); id <= 12; id++ { // deaf
		p := c.dial()
		raw := frames(t, batch(0, 1))
		others.Go(func() {
			_, err := p.Write(frames(t, hello(id)))
			for err == nil {
				_, err = p.Write(raw)
			}
		})
		defer p.Close()
	}
	const n = 500
	p := c.agency(1, 0)
	for at := lottery.Offset(0); at < n; at += 100 {
		p.send(batch(at, 100))
	}
	p.acked(n)
	p.finish(n)
	c.wantStored(1, n)
}

// A connection without a HELLO is ended in time, and so is an upload that stops. Time is
// simulated: nobody is late because the machine is busy.
func TestSilentConnectionsAreEnded(t *testing.T) {
	const helloTimeout, idleTimeout = 3 * time.Second, 5 * time.Second
	defer func() { _ = logging.Setup(io.Discard, "DEBUG") }() // the lines go to the simulation: later tests must not log there
	synctest.Test(t, func(t *testing.T) {
		c := start(t, setup{options: Options{HelloTimeout: helloTimeout, IdleTimeout: idleTimeout}, agencies: 2, fs: newDisk(), piped: true})
		ends := func(p *peer, after time.Duration) {
			t.Helper()
			begin := time.Now()
			p.closed()
			if took := time.Since(begin); took != after {
				t.Errorf("the connection ends after %v, want %v", took, after)
			}
		}
		for _, said := range []string{"", "half a line", "\x00\x00\x00\x06\x01"} {
			p := c.dial()
			if said != "" {
				p.write([]byte(said))
			}
			ends(p, helloTimeout)
		}
		p := c.agency(1, 0)
		p.send(batch(0, 1))
		p.acked(1)
		ends(p, idleTimeout)
		p = c.agency(1, 1)
		p.write([]byte{0, 0}) // in the middle of a frame
		ends(p, idleTimeout)
		c.logs.wait(5, "result: fail")
		p = c.agency(1, 1)
		p.finish(1) // waits for the draw, for as long as it takes
		q := c.agency(2, 0)
		ends(q, idleTimeout)
		q = c.agency(2, 0)
		q.finish(0)
		p.winners()
	})
}

// When all slots are taken, the oldest connection without a HELLO makes room. An agency
// is not evicted.
func TestBoundOfConnections(t *testing.T) {
	c := start(t, setup{agencies: 9, options: Options{MaxConnections: 3}})
	agency := c.agency(1, 0)
	silent, half := c.dial(), c.dial()
	c.logs.wait(3, "accept_connections | result: success")
	second := c.agency(2, 0)
	silent.closed()
	half.write(frames(t, hello(3))[:5])
	third := c.agency(3, 0)
	half.readToEnd()
	for range 3 {
		p := c.dial()
		if got := p.expectError(protocol.StatusBusy); got.Status.Final() {
			t.Error("it would not come again")
		}
	}
	c.logs.wait(3, "action: reject_connection | result: success | ip: 127.0.0.1")
	for i, p := range []*peer{agency, second, third} {
		p.send(batch(0, 1))
		p.acked(1)
		p.Close()
		c.logs.wait(3+i, "action: close_connection")
	}
	eventually(t, "there is room again", func() bool {
		p := c.dial()
		defer p.Close()
		p.send(hello(4))
		kind, _, err := p.frames.Next()
		return err == nil && kind == protocol.TypeWelcome
	})
}

// A rejected peer that goes on sending reads the ERROR all the same: its connection is
// not reset. This holds for maxRejecting peers at a time.
func TestRejectedIsHeardOut(t *testing.T) {
	c := start(t, setup{agencies: 2, options: Options{MaxConnections: 1}})
	c.agency(1, 0)
	busy := &protocol.Error{Status: protocol.StatusBusy, Text: "too many connections"}
	p := c.dial()
	p.expect(busy)
	p.send(hello(2))
	p.send(hello(2)) // fails if the one before was answered by a reset
	p.Close()
	c.logs.wait(1, "action: reject_connection | result: success | ip: 127.0.0.1")

	for range maxRejecting + 20 {
		c.dial().expect(busy)
	}
	if n := countStacks("deadline.(*Conn).Drain"); n > maxRejecting {
		t.Errorf("%d connections are listened to", n)
	}
	c.stop()
	c.logs.want(1+maxRejecting+20, "action: reject_connection | result: success")
}

// Connections of all kinds come and go. No goroutine and no descriptor of them is left.
func TestNothingIsLeftBehind(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // else it closes what is forgotten
	c := start(t, setup{agencies: 5, fs: newDisk()})
	c.agency(1, 0).Close()
	c.logs.wait(1, "action: close_connection")
	descriptors, goroutines := openFiles(t), runtime.NumGoroutine()
	for i := range 100 {
		p := c.dial()
		switch raw := join(conversation(t, lottery.AgencyID(i%7))); i % 5 {
		case 0:
			p.write([]byte("echo\n"))
		case 1:
			p.write(raw[:i])
		case 2:
			p.write(raw)
		case 3:
			p.write(append(raw, 1, 2, 3))
		}
		if i%2 == 0 {
			p.abort()
		}
		p.Close()
	}
	c.logs.wait(101, "action: close_connection")
	eventually(t, fmt.Sprintf("%d descriptors and %d goroutines again", descriptors, goroutines), func() bool {
		return openFiles(t) <= descriptors && runtime.NumGoroutine() <= goroutines
	})
}

// openFiles counts this process's descriptors where the system tells.
func openFiles(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Log(err)
	}
	return len(entries)
}
