package tcp

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// peer is the other end of a connection.
type peer struct {
	t testing.TB
	net.Conn
	frames *protocol.Reader
}

// socket is the peer's connection, below TLS.
func (p *peer) socket() *net.TCPConn {
	if secured, ok := p.Conn.(*tls.Conn); ok {
		return secured.NetConn().(*net.TCPConn)
	}
	return p.Conn.(*net.TCPConn)
}

// dial connects, over TLS as agency 1.
func (c *testServer) dial() *peer { return c.dialAs(1) }

// dialAs connects, over TLS as an agency.
func (c *testServer) dialAs(id lottery.AgencyID) *peer {
	c.t.Helper()
	if c.setup.tls == nil {
		return c.dialWith(nil)
	}
	return c.dialWith(c.setup.tls.agency(c.t, id))
}

// dialWith connects over TLS, or in clear without a config. It shakes hands when
// something is sent or read.
func (c *testServer) dialWith(config *tls.Config) *peer {
	c.t.Helper()
	socket, err := c.connect()
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { socket.Close() })
	_ = socket.SetDeadline(time.Now().Add(2 * testTimeout))
	if config != nil {
		socket = tls.Client(socket, config)
	}
	return &peer{t: c.t, Conn: socket, frames: protocol.NewReader(socket)}
}

func (c *testServer) connect() (net.Conn, error) {
	if c.setup.piped {
		return c.pipes.dial()
	}
	dialer := net.Dialer{Timeout: testTimeout}
	if size := c.setup.buffers; size > 0 {
		dialer.Control = func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) { limitReceiveBuffer(fd, size) })
		}
	}
	return dialer.Dial("tcp", c.address)
}

// agency dials and greets; the agency must have so many bets stored.
func (c *testServer) agency(id lottery.AgencyID, stored lottery.Offset) *peer {
	c.t.Helper()
	p := c.dialAs(id)
	p.send(&protocol.Hello{Version: protocol.Version, Agency: id})
	if welcome := p.welcome(); welcome.Stored != stored {
		c.t.Fatalf("agency %d is told that %d bets are stored, want %d", id, welcome.Stored, stored)
	}
	return p
}

func hello(id lottery.AgencyID) *protocol.Hello {
	return &protocol.Hello{Version: protocol.Version, Agency: id}
}

// bet makes the bet at a position of an agency's sequence. One in a hundred
// wins, the first among them; one in fifty needs quotes in bets.csv.
func bet(offset lottery.Offset) lottery.Bet {
	b := lottery.Bet{
		FirstName: "Ana Ñusta",
		LastName:  "O'Hara",
		Document:  fmt.Sprintf("%08d", offset),
		Birthdate: lottery.Date{Year: 1999, Month: 2, Day: 28},
		Number:    int64(offset % 7000),
	}
	if offset%100 == 0 {
		b.Number = lottery.WinningNumber
	}
	if offset%50 == 1 {
		b.FirstName, b.LastName = "Ana \"la Ñata\"", "O'Hara, de"
	}
	return b
}

// batch makes the batch of n bets from an offset on.
func batch(offset lottery.Offset, n int) *protocol.Batch {
	b := &protocol.Batch{Offset: offset}
	for i := range lottery.Offset(n) {
		b.Bets = append(b.Bets, bet(offset+i))
	}
	return b
}

// frames encodes messages, one after the other.
func frames(t testing.TB, messages ...protocol.Message) []byte {
	t.Helper()
	var out []byte
	for _, m := range messages {
		var err error
		if out, err = protocol.AppendFrame(out, m); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// send writes messages with one write.
func (p *peer) send(messages ...protocol.Message) {
	p.t.Helper()
	p.write(frames(p.t, messages...))
}

func (p *peer) write(raw []byte) {
	p.t.Helper()
	if _, err := p.Write(raw); err != nil {
		p.t.Fatalf("send: %v", err)
	}
}

// receive reads the next message, which must be of the type of m, into m.
func (p *peer) receive(m protocol.Message) {
	p.t.Helper()
	kind, payload, err := p.frames.Next()
	if err != nil {
		p.t.Fatalf("waiting for %v: %v", m.Type(), err)
	}
	if kind != m.Type() {
		p.t.Fatalf("got %s, want %v", describe(kind, payload), m.Type())
	}
	if err := m.Decode(payload); err != nil {
		p.t.Fatal(err)
	}
}

func describe(kind protocol.Type, payload []byte) string {
	var message protocol.Error
	if kind == protocol.TypeError && message.Decode(payload) == nil {
		return fmt.Sprintf("ERROR (%v)", &message)
	}
	return fmt.Sprintf("%v % x", kind, payload)
}

func (p *peer) welcome() protocol.Welcome {
	p.t.Helper()
	var m protocol.Welcome
	p.receive(&m)
	return m
}

// expect reads messages that must be exactly these.
func (p *peer) expect(messages ...protocol.Message) {
	p.t.Helper()
	for _, m := range messages {
		want := frames(p.t, m)[5:]
		kind, payload, err := p.frames.Next()
		if err != nil {
			p.t.Fatalf("waiting for %v: %v", m.Type(), err)
		}
		if kind != m.Type() || !bytes.Equal(payload, want) {
			p.t.Fatalf("got %s, want %s", describe(kind, payload), describe(m.Type(), want))
		}
	}
}

// acked reads acknowledgements, which must never go back, up to the one of n
// bets, and tells how many there were.
func (p *peer) acked(n lottery.Offset) (count int) {
	p.t.Helper()
	for last := lottery.Offset(0); ; count++ {
		if count > 0 && last == n {
			return count
		}
		var m protocol.Ack
		if p.receive(&m); m.Stored < last || m.Stored > n {
			p.t.Fatalf("acknowledged: %d after %d, want at most %d", m.Stored, last, n)
		}
		last = m.Stored
	}
}

// expectError reads the ERROR, which must have this status, and the end.
func (p *peer) expectError(status protocol.Status) protocol.Error {
	p.t.Helper()
	var m protocol.Error
	if p.receive(&m); m.Status != status {
		p.t.Fatalf("got ERROR (%v), want the status %v", &m, status)
	}
	if m.Text == "" {
		p.t.Error("the ERROR does not say why")
	}
	p.closed()
	return m
}

// closed checks that the server has ended the connection, with nothing more to
// say, and closes it.
func (p *peer) closed() {
	p.t.Helper()
	if kind, payload, err := p.frames.Next(); err == nil {
		p.t.Fatalf("got %s, want the end", describe(kind, payload))
	} else if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		p.t.Fatalf("got %v, want the end", err)
	}
	p.Close()
}

// winners reads the documents of the winners, and the end.
func (p *peer) winners() (all []string, count int) {
	p.t.Helper()
	for more := true; more; count++ {
		var m protocol.Winners
		p.receive(&m)
		all, more = append(all, m.Documents...), m.More
	}
	p.closed()
	return all, count
}

// finish notifies and asks, with nothing in between.
func (p *peer) finish(total lottery.Offset) {
	p.t.Helper()
	p.send(&protocol.Finished{Total: total}, &protocol.Query{})
	p.expect(&protocol.Registered{})
}

// buffered tells how many bytes have arrived that were not read yet, beyond
// those that the frame reader holds already.
func buffered(p *peer) int {
	p.t.Helper()
	raw, err := p.socket().SyscallConn()
	if err != nil {
		p.t.Fatal(err)
	}
	n := 0
	if err := raw.Control(func(fd uintptr) { n = unreadBytes(p.t, fd) }); err != nil {
		p.t.Fatal(err)
	}
	return n
}
