package agency

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv/betcsvtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

func TestMain(m *testing.M) {
	if err := logging.Setup(io.Discard, "DEBUG"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// writeDataFile writes bets as an agency's data file and returns its path.
func writeDataFile(t *testing.T, bets []lottery.Bet) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "agency-1.csv")
	if err := os.WriteFile(name, []byte(betcsvtest.DataFile(bets, "\r\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// central is a model of the central with one agency. It serves one connection after
// another. Each is a net.Pipe, because a synctest bubble cannot wait for a socket.
type central struct {
	mu       sync.Mutex // a connection may end after the next one has begun
	stored   []lottery.Bet
	finished bool
	winners  []string // each comes in a frame of its own
	arrived  []arrival
	dials    int

	// script, if set, serves the n-th connection, from 1, instead of speak.
	script func(n int, p *peer)

	// cuts are the points of the conversation at which the connection is cut. A
	// point is a number: point counts them.
	cuts   []int
	points int // how many were passed
}

// arrival is a frame that has arrived.
type arrival struct {
	at     time.Time
	kind   protocol.Type
	size   int
	offset lottery.Offset // of a batch
	count  int            // the bets of a batch
}

// peer is the central's end of a connection.
type peer struct {
	net.Conn
	frames *protocol.Reader
	c      *central
}

// dial is a Dial.
func (c *central) dial(context.Context) (net.Conn, error) {
	c.mu.Lock()
	c.dials++
	n := c.dials
	c.mu.Unlock()
	if c.point() {
		return nil, errors.New("connection refused")
	}
	client, server := net.Pipe()
	p := &peer{Conn: server, frames: protocol.NewReader(server), c: c}
	go func() {
		defer server.Close()
		if c.script != nil {
			c.script(n, p)
		} else {
			p.speak()
		}
	}()
	return client, nil
}

// point passes a point of the conversation and returns whether to cut there.
func (c *central) point() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.points++
	return slices.Contains(c.cuts, c.points)
}

func (c *central) sum() (sum uint32) {
	for i := range c.stored {
		record, _ := protocol.AppendRecord(nil, &c.stored[i])
		sum = protocol.Checksum(sum, record)
	}
	return sum
}

// next reads a frame.
func (p *peer) next() (protocol.Type, []byte, error) {
	kind, payload, err := p.frames.Next()
	if err != nil {
		return 0, nil, err
	}
	a := arrival{at: time.Now(), kind: kind, size: len(payload) + 5}
	if kind == protocol.TypeBatch {
		var batch protocol.Batch
		if err := batch.Decode(payload); err != nil {
			return 0, nil, err
		}
		a.offset, a.count = batch.Offset, len(batch.Bets)
	}
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	p.c.arrived = append(p.c.arrived, a)
	return kind, slices.Clone(payload), nil
}

// send writes messages. It ignores an agency that has closed the connection.
func (p *peer) send(messages ...protocol.Message) { _, _ = p.Write(encode(messages...)) }

func encode(messages ...protocol.Message) (frames []byte) {
	for _, m := range messages {
		var err error
		if frames, err = protocol.AppendFrame(frames, m); err != nil {
			panic(err)
		}
	}
	return frames
}

// until reads frames up to the first of a kind. It sends no reply.
func (p *peer) until(kind protocol.Type) error {
	for {
		if got, _, err := p.next(); got == kind || err != nil {
			return err
		}
	}
}

// answerUpTo replies to frames as the protocol demands, up to the first of a kind. That
// one gets no reply.
func (p *peer) answerUpTo(kind protocol.Type) error {
	for {
		got, payload, err := p.next()
		if got == kind || err != nil {
			return err
		}
		p.send(p.c.take(got, payload)...)
	}
}

// atFirst is a script. It calls do on the first connection, and speaks as it should on
// the others.
func atFirst(do func(*peer)) func(int, *peer) {
	return func(n int, p *peer) {
		if n > 1 {
			p.speak()
		} else {
			do(p)
		}
	}
}

// greet reads the HELLO and sends the WELCOME.
func (p *peer) greet() {
	if p.until(protocol.TypeHello) == nil {
		p.send(p.c.take(protocol.TypeHello, nil)...)
	}
}

// speak does what the protocol demands, until the agency closes the connection or a
// point cuts it. The points are after a frame has arrived, after the model has
// processed it, after half of the reply, and after the whole reply.
func (p *peer) speak() {
	for {
		kind, payload, err := p.next()
		if err != nil || p.c.point() {
			return
		}
		reply := encode(p.c.take(kind, payload)...)
		if p.c.point() {
			return
		}
		if p.c.point() {
			_, _ = p.Write(reply[:len(reply)/2])
			return
		}
		if _, err := p.Write(reply); err != nil || p.c.point() {
			return
		}
	}
}

// take processes a frame and returns the replies.
func (c *central) take(kind protocol.Type, payload []byte) []protocol.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	refuse := func(status protocol.Status) []protocol.Message {
		return []protocol.Message{&protocol.Error{Status: status, Text: "by the model"}}
	}
	switch kind {
	case protocol.TypeHello:
		return []protocol.Message{c.welcome()}
	case protocol.TypeBatch:
		var batch protocol.Batch
		if batch.Decode(payload) != nil {
			return refuse(protocol.StatusViolation)
		}
		return c.store(batch.Offset, batch.Bets)
	case protocol.TypeBet:
		var single protocol.Single
		if single.Decode(payload) != nil {
			return refuse(protocol.StatusViolation)
		}
		return c.store(single.Offset, []lottery.Bet{single.Bet})
	case protocol.TypeFinished:
		var finished protocol.Finished
		if finished.Decode(payload) != nil || finished.Total != lottery.Offset(len(c.stored)) {
			return refuse(protocol.StatusMismatch)
		}
		c.finished = true
		return []protocol.Message{&protocol.Registered{}}
	case protocol.TypeQuery:
		return c.results()
	}
	return refuse(protocol.StatusViolation)
}

func (c *central) welcome() *protocol.Welcome {
	return &protocol.Welcome{Stored: lottery.Offset(len(c.stored)), Sum: c.sum(), Finished: c.finished}
}

func (c *central) store(offset lottery.Offset, bets []lottery.Bet) []protocol.Message {
	for i := range bets {
		bets[i].Agency = 1
	}
	have := lottery.Offset(len(c.stored))
	switch {
	case offset > have:
		return []protocol.Message{&protocol.Error{Status: protocol.StatusViolation, Text: "a gap"}}
	case c.finished:
		return []protocol.Message{&protocol.Error{Status: protocol.StatusClosed}}
	case offset+lottery.Offset(len(bets)) > have:
		c.stored = append(c.stored, bets[have-offset:]...)
	}
	return []protocol.Message{&protocol.Ack{Stored: offset + lottery.Offset(len(bets))}}
}

func (c *central) results() (frames []protocol.Message) {
	for i, document := range c.winners {
		frames = append(frames, &protocol.Winners{More: i < len(c.winners)-1, Documents: []string{document}})
	}
	if frames == nil {
		frames = []protocol.Message{&protocol.Winners{}}
	}
	return frames
}

// batches returns the batches that have arrived.
func (c *central) batches() (batches []arrival) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.arrived {
		if a.kind == protocol.TypeBatch {
			batches = append(batches, a)
		}
	}
	return batches
}
