package tcp

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// occupant is a connection that counts how often it was evicted.
type occupant struct {
	*slot
	evictions int
}

func (s *slots) occupy() *occupant {
	o := new(occupant)
	o.slot = s.enter(func() { o.evictions++ })
	return o
}

func TestSlots(t *testing.T) {
	s := slots{capacity: 2}
	first, second := s.occupy(), s.occupy()
	third := s.occupy()
	if first.evictions != 1 || second.evictions != 0 || third.slot == nil {
		t.Errorf("evicted %d and %d times", first.evictions, second.evictions)
	}
	if s.keep(first.slot) {
		t.Error("an evicted connection is kept")
	}
	if !s.keep(second.slot) || !s.keep(third.slot) {
		t.Error("a connection that was not evicted is not kept")
	}
	if s.occupy().slot != nil {
		t.Error("entered although all are needed")
	}
	s.leave(first.slot) // was given back when it was evicted
	if s.occupy().slot != nil {
		t.Error("entered although all are needed")
	}
	s.offer(second.slot)
	s.offer(second.slot)
	if fourth := s.occupy(); fourth.slot == nil || second.evictions != 1 {
		t.Errorf("did not make room: evicted %d times", second.evictions)
	}
	s.offer(second.slot) // too late
	s.leave(third.slot)
	s.leave(third.slot)
	if s.open != 1 || s.evictable.Len() != 1 {
		t.Errorf("%d open, %d evictable", s.open, s.evictable.Len())
	}
	s.evictOne()
	s.evictOne() // there is none
	if s.open != 0 {
		t.Errorf("%d open", s.open)
	}
}

func TestSlotsWithoutBound(t *testing.T) {
	var s slots
	for range 100 {
		if s.occupy().evictions > 0 {
			t.Fatal("evicted")
		}
	}
}

// openConnections counts the connections that the server has open.
func openConnections() int { return countStacks("tcp.(*Server).serve") }

// Connections that only discard input after an echo or an ERROR count, and make room.
func TestBoundCountsAllConnections(t *testing.T) {
	const bound = 5
	c := start(t, setup{agencies: 2, options: Options{MaxConnections: bound}})
	most := 0
	for i := range 60 {
		p := c.dial()
		switch i % 3 {
		case 0:
			p.write([]byte("echo\n")) // and it does not close
		case 1:
			p.send(hello(9)) // gets an ERROR
		case 2: // silent
		}
		most = max(most, openConnections())
	}
	if most == 0 || most > bound+1 { // one may be about to end
		t.Errorf("%d connections are open, at most %d are allowed", most, bound)
	}
	p := c.agency(1, 0)
	p.send(batch(0, 1))
	p.acked(1)
}

// Connections that were superseded count, and make room, also if their peers do not
// read the ERROR.
func TestBoundCountsSupersededConnections(t *testing.T) {
	const bound = 5
	c := start(t, setup{agencies: 2, options: Options{MaxConnections: bound}, buffers: 4 << 10})
	begin := time.Now()
	for range 20 {
		c.agency(1, 0)
		if n := openConnections(); n == 0 || n > bound+1 {
			t.Errorf("%d connections are open, at most %d are allowed", n, bound)
		}
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("twenty connections took %v", took)
	}
}

// expecting is a central of which nothing but Expects may be called.
type expecting struct{ central.Central }

func (expecting) Expects(lottery.AgencyID) bool { return true }

// A connection that is evicted while its HELLO is on the way does not supersede the
// one that its agency has.
func TestEvictedDoesNotSupersede(t *testing.T) {
	server := NewServer(expecting{}, Options{MaxConnections: 1})
	ctx, cancel := context.WithCancelCause(t.Context())
	slot := server.slots.enter(func() { cancel(errEvicted) })
	server.slots.evictOne()
	s := &session{
		server: server,
		conn:   &conn{slot: slot},
		frames: protocol.NewReader(bytes.NewReader(frames(t, hello(1)))),
	}
	if err := s.hello(ctx); !errors.Is(err, errEvicted) {
		t.Errorf("error %v", err)
	}
}
