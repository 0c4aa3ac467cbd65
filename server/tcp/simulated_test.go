package tcp

import (
	"math/rand/v2"
	"net"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// simulated is an agency of the simulation. It keeps to the protocol, but cuts
// its batches as it likes, sends again what it need not, loses connections, and
// leaves some of them open.
type simulated struct {
	*world
	r     *rand.Rand
	id    lottery.AgencyID
	total lottery.Offset
	acked lottery.Offset // what a server has ever said that it has stored
}

func newSimulated(w *world, id lottery.AgencyID, total int) *simulated {
	return &simulated{world: w, r: w.rand(uint64(id)), id: id, total: lottery.Offset(total)}
}

// live tries until it knows its winners.
func (a *simulated) live() {
	for begin := time.Now(); ; {
		if conn, err := a.dial(); err == nil && a.talk(conn) {
			return
		}
		if time.Sleep(time.Duration(a.r.IntN(8000)) * time.Microsecond); time.Since(begin) > time.Hour {
			a.t.Errorf("agency %d has been trying for an hour", a.id)
			return
		}
	}
}

// talk speaks over one connection. It returns true if it learnt the winners.
func (a *simulated) talk(conn net.Conn) bool {
	if a.r.IntN(4) == 0 {
		defer time.AfterFunc(time.Duration(a.r.IntN(300))*time.Millisecond, func() { conn.Close() })
	} else {
		defer conn.Close()
	}
	answers := make(chan protocol.Message, 10_000)
	go func() {
		defer close(answers)
		for frames := protocol.NewReader(conn); ; {
			kind, payload, err := frames.Next()
			if err != nil {
				return
			}
			m := map[protocol.Type]protocol.Message{
				protocol.TypeWelcome: new(protocol.Welcome), protocol.TypeAck: new(protocol.Ack),
				protocol.TypeRegistered: new(protocol.Registered), protocol.TypeWinners: new(protocol.Winners),
				protocol.TypeError: new(protocol.Error),
			}[kind]
			if m == nil || m.Decode(payload) != nil {
				a.t.Errorf("agency %d got %v % x", a.id, kind, payload)
				return
			}
			answers <- m
		}
	}()
	if !a.say(conn, hello(a.id)) {
		return false
	}
	welcome, ok := a.next(answers).(*protocol.Welcome)
	if !ok {
		return false
	}
	if welcome.Stored < a.acked || welcome.Stored > a.total {
		a.t.Errorf("agency %d: %d bets stored, %d were acknowledged", a.id, welcome.Stored, a.acked)
	}
	return a.upload(conn, welcome) && a.learn(conn, answers)
}

// upload sends the bets that are missing, and more.
func (a *simulated) upload(conn net.Conn, welcome *protocol.Welcome) bool {
	for at := welcome.Stored; at < a.total && !welcome.Finished; {
		from := at - min(at, lottery.Offset(a.r.IntN(3)*a.r.IntN(20)))
		at = min(a.total, at+lottery.Offset(1+a.r.IntN(60)))
		if a.r.IntN(30) == 0 || !a.say(conn, batch(from, int(at-from))) {
			return false
		}
		if a.r.IntN(3) == 0 {
			time.Sleep(time.Duration(a.r.IntN(2000)) * time.Microsecond)
		}
	}
	return true
}

// learn finishes and waits for the winners. Sometimes it gives up.
func (a *simulated) learn(conn net.Conn, answers <-chan protocol.Message) bool {
	if !a.say(conn, &protocol.Finished{Total: a.total}) || a.r.IntN(10) == 0 || !a.say(conn, &protocol.Query{}) {
		return false
	}
	if a.r.IntN(5) == 0 {
		time.Sleep(time.Duration(a.r.IntN(5000)) * time.Microsecond)
		return false
	}
	for {
		switch m := a.next(answers).(type) {
		case nil:
			return false
		case *protocol.Registered:
			if a.acked != a.total {
				a.t.Errorf("agency %d: registered with %d of %d bets acknowledged", a.id, a.acked, a.total)
			}
		case *protocol.Winners:
			if want := int(a.total+99) / 100; len(m.Documents) != want {
				a.t.Errorf("agency %d: %d winners, want %d", a.id, len(m.Documents), want)
			}
			return true
		}
	}
}

// next gives an answer, nil if the connection ends. No ERROR may be final.
func (a *simulated) next(answers <-chan protocol.Message) protocol.Message {
	for m := range answers {
		switch m := m.(type) {
		case *protocol.Ack:
			a.acked = max(a.acked, m.Stored)
			continue
		case *protocol.Welcome:
			a.acked = max(a.acked, m.Stored)
		case *protocol.Error:
			if m.Status.Final() {
				a.t.Errorf("agency %d gets a final ERROR: %v", a.id, m)
			}
			return nil
		}
		return m
	}
	return nil
}

// say sends a message, or, seldom, a part of one.
func (a *simulated) say(conn net.Conn, m protocol.Message) bool {
	raw := frames(a.t, m)
	if a.r.IntN(60) == 0 {
		_, _ = conn.Write(raw[:a.r.IntN(len(raw))])
		return false
	}
	_, err := conn.Write(raw)
	return err == nil
}
