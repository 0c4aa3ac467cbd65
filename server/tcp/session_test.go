package tcp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

func TestHelloIsRefused(t *testing.T) {
	c := start(t, setup{agencies: 3})
	for _, tt := range []struct {
		name string
		send []byte
		want protocol.Status
	}{
		{"another version", frames(t, &protocol.Hello{Version: 2, Agency: 1}), protocol.StatusVersion},
		{"another version, of another form", []byte{0, 0, 0, 2, 1, 0}, protocol.StatusVersion},
		{"agency 0", frames(t, hello(0)), protocol.StatusUnexpected},
		{"agency N+1", frames(t, hello(4)), protocol.StatusUnexpected},
		{"the largest id", frames(t, hello(1<<32-1)), protocol.StatusUnexpected},
		{"batch before HELLO", frames(t, batch(0, 1)), protocol.StatusViolation},
		{"QUERY before HELLO", frames(t, &protocol.Query{}), protocol.StatusViolation},
		{"the central's own message", frames(t, &protocol.Welcome{}), protocol.StatusViolation},
		{"no payload", []byte{0, 0, 0, 1, 1}, protocol.StatusViolation},
		{"short", []byte{0, 0, 0, 5, 1, 1, 0, 0, 0}, protocol.StatusViolation},
		{"long", []byte{0, 0, 0, 7, 1, 1, 0, 0, 0, 1, 9}, protocol.StatusViolation},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := c.dial()
			p.t = t
			p.write(tt.send)
			p.expectError(tt.want)
		})
	}
	c.wantStored(1, 0)
	c.logs.wait(11, "action: sesion | result: fail")
}

// Each row is what an agency sends after its HELLO, and what it is told: the
// ACK of everything before the failure, then the ERROR.
func TestWhatIsRefused(t *testing.T) {
	invalid := batch(10, 5)
	invalid.Bets[3].FirstName = "two\nlines"
	later := batch(11, 5)
	later.Bets[0].FirstName = "two\nlines"
	single := &protocol.Single{Offset: 10, Bet: bet(10)}
	single.Bet.Birthdate.Day = 31
	finished := func(n lottery.Offset) *protocol.Finished { return &protocol.Finished{Total: n} }
	for _, tt := range []struct {
		name       string
		send       []protocol.Message
		acked      int // all of it is stored
		registered bool
		want       protocol.Error
	}{
		{"gap", []protocol.Message{batch(0, 10), batch(11, 5)}, 10, false, protocol.Error{Status: protocol.StatusViolation, Offset: 11, Count: 5}},
		{"gap before an invalid bet", []protocol.Message{batch(0, 10), later}, 10, false, protocol.Error{Status: protocol.StatusViolation, Offset: 11, Count: 5}},
		{"gap at the start", []protocol.Message{batch(1, 1)}, 0, false, protocol.Error{Status: protocol.StatusViolation, Offset: 1, Count: 1}},
		{"offset that overflows", []protocol.Message{batch(1<<64-1, 3)}, 0, false, protocol.Error{Status: protocol.StatusViolation, Offset: 1<<64 - 1, Count: 3}},
		{"invalid bet", []protocol.Message{batch(0, 10), invalid, batch(15, 5)}, 10, false, protocol.Error{Status: protocol.StatusInvalidBet, Offset: 10, Count: 5}},
		{"invalid single bet", []protocol.Message{batch(0, 10), single}, 10, false, protocol.Error{Status: protocol.StatusInvalidBet, Offset: 10, Count: 1}},
		{"total too small", []protocol.Message{batch(0, 10), finished(9)}, 10, false, protocol.Error{Status: protocol.StatusMismatch}},
		{"total too large", []protocol.Message{batch(0, 10), finished(11), &protocol.Query{}}, 10, false, protocol.Error{Status: protocol.StatusMismatch}},
		{"QUERY before FINISHED", []protocol.Message{batch(0, 10), &protocol.Query{}}, 10, false, protocol.Error{Status: protocol.StatusViolation}},
		{"second HELLO", []protocol.Message{batch(0, 10), hello(1)}, 10, false, protocol.Error{Status: protocol.StatusViolation}},
		{"the central's own message", []protocol.Message{&protocol.Ack{Stored: 3}}, 0, false, protocol.Error{Status: protocol.StatusViolation}},
		{"frame after QUERY", []protocol.Message{finished(0), &protocol.Query{}, &protocol.Query{}}, 0, true, protocol.Error{Status: protocol.StatusViolation}},
		{"bets after QUERY", []protocol.Message{finished(0), &protocol.Query{}, batch(0, 1)}, 0, true, protocol.Error{Status: protocol.StatusViolation}},
		{"bets after FINISHED", []protocol.Message{batch(0, 10), finished(10), batch(10, 4)}, 10, true, protocol.Error{Status: protocol.StatusClosed, Offset: 10, Count: 4}},
		{"repeated bets after FINISHED", []protocol.Message{batch(0, 10), finished(10), batch(0, 10)}, 10, true, protocol.Error{Status: protocol.StatusClosed, Offset: 0, Count: 10}},
		{"single bet after FINISHED", []protocol.Message{finished(0), &protocol.Single{Bet: bet(0)}}, 0, true, protocol.Error{Status: protocol.StatusClosed, Count: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, setup{agencies: 2})
			p := c.agency(1, 0)
			p.send(tt.send...)
			if tt.acked > 0 {
				p.acked(lottery.Offset(tt.acked))
			}
			if tt.registered {
				p.expect(&protocol.Registered{})
			}
			got := p.expectError(tt.want.Status)
			if got.Offset != tt.want.Offset || got.Count != tt.want.Count {
				t.Errorf("the ERROR names %d bets at %d, want %d at %d", got.Count, got.Offset, tt.want.Count, tt.want.Offset)
			}
			c.wantStored(1, tt.acked)
			c.logs.wait(1, "action: sesion | result: fail")
			c.logs.wait(1, "action: close_connection")
			batches, singles := 0, 0
			if _, single := tt.send[len(tt.send)-1].(*protocol.Single); single {
				singles = 1
			} else if tt.want.Count > 0 {
				batches = 1
			}
			c.logs.want(batches, fmt.Sprintf("action: apuesta_recibida | result: fail | cantidad: %d | agencia: 1 | error: ", tt.want.Count))
			c.logs.want(singles, "action: apuesta_almacenada | result: fail | dni: ")
			c.logs.want(batches+singles, "ERROR    action: apuesta_")
			// The agency is not worse off for it.
			c.agency(1, lottery.Offset(tt.acked))
		})
	}
}

func TestMalformedMessagesAreRefused(t *testing.T) {
	c := start(t, setup{})
	for _, tt := range []struct {
		name string
		kind protocol.Type
		raw  string
	}{
		{"BATCH of no bets", protocol.TypeBatch, strings.Repeat("\x00", 10)},
		{"BATCH that counts more than it holds", protocol.TypeBatch, strings.Repeat("\x00", 8) + "\xff\xff" + strings.Repeat("\x00", 15)},
		{"BATCH with bytes left over", protocol.TypeBatch, strings.Repeat("\x00", 9) + "\x01" + strings.Repeat("\x00", 16)},
		{"empty BATCH", protocol.TypeBatch, ""},
		{"BET cut short", protocol.TypeBet, strings.Repeat("\x00", 22)},
		{"FINISHED cut short", protocol.TypeFinished, "1234567"},
		{"QUERY with a payload", protocol.TypeQuery, "x"},
		{"unknown type", 0x77, "x"},
		{"type 0", 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := c.agency(1, 0)
			p.t = t
			raw := []byte{0, 0, 0, byte(1 + len(tt.raw)), byte(tt.kind)}
			p.write(append(raw, tt.raw...))
			p.expectError(protocol.StatusViolation)
		})
	}
	c.wantStored(1, 0)
}

// Closing a connection with bytes unread resets it, which could take the
// ERROR back before its peer has read it.
func TestErrorReachesPeerThatKeepsSending(t *testing.T) {
	c := start(t, setup{})
	raw := frames(t, hello(7))
	for offset := lottery.Offset(0); len(raw) < 60_000; offset += 100 {
		raw = append(raw, frames(t, batch(offset, 100))...)
	}
	for range 50 {
		p := c.dial()
		p.write(raw)
		var message protocol.Error
		p.receive(&message)
		if _, _, err := p.frames.Next(); err != io.EOF {
			t.Fatalf("after the ERROR: %v, want a clean end", err)
		}
		p.Close()
	}
}

// endsAfterLooks is a context that ends after its cause was looked at so many times.
type endsAfterLooks struct {
	context.Context
	cancel context.CancelCauseFunc
	looks  int
}

// Err is what context.Cause calls first.
func (c *endsAfterLooks) Err() error {
	if c.looks--; c.looks < 0 {
		c.cancel(errStopping)
	}
	return c.Context.Err()
}

// TestStopDuringAReadFailure stops the server while a session finds out why a read has
// failed, at each moment.
func TestStopDuringAReadFailure(t *testing.T) {
	for looks := range 4 {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		err := new(session).readFailure(&endsAfterLooks{ctx, cancel, looks}, io.EOF)
		var message *protocol.Error
		told := errors.As(err, &message) && message.Status == protocol.StatusStopping
		if !told && !errors.Is(err, errPeerGone) {
			t.Errorf("after %d looks: %v", looks, err)
		}
	}
}
