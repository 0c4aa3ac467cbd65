package tcp

import (
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// conversation is all that an agency of 7 bets says, frame by frame.
func conversation(t testing.TB, id lottery.AgencyID) [][]byte {
	return [][]byte{
		frames(t, hello(id)),
		frames(t, batch(0, 3)),
		frames(t, &protocol.Single{Offset: 3, Bet: bet(3)}),
		frames(t, batch(4, 3)),
		frames(t, &protocol.Finished{Total: 7}),
		frames(t, &protocol.Query{}),
	}
}

// storedBy tells how many bets are stored by so many whole frames.
var storedBy = []lottery.Offset{0, 0, 3, 4, 7, 7, 7}

func join(parts [][]byte) (whole []byte) {
	for _, part := range parts {
		whole = append(whole, part...)
	}
	return whole
}

// abort closes a connection with a reset.
func (p *peer) abort() {
	_ = p.socket().SetLinger(0)
	p.Close()
}

// resume is what an agency does that comes again: it sends what is missing.
func (c *testServer) resume(id lottery.AgencyID) protocol.Welcome {
	c.t.Helper()
	p := c.dialAs(id)
	p.send(hello(id))
	welcome := p.welcome()
	if n := welcome.Stored; n < 7 {
		p.send(batch(n, int(7-n)))
		p.acked(7)
	}
	p.send(&protocol.Finished{Total: 7})
	p.expect(&protocol.Registered{})
	p.abort()
	return welcome
}

// The stream is cut at every byte, and the agency comes again.
func TestCutAtEveryByte(t *testing.T) {
	const agencies = 1000
	c := start(t, setup{agencies: agencies, fs: newDisk()})
	size := len(join(conversation(t, 1)))
	if 2*size > agencies {
		t.Fatalf("%d bytes are too many", size)
	}
	for cut := range size {
		id := lottery.AgencyID(cut + 1)
		parts := conversation(t, id)
		p := c.dial()
		p.write(join(parts)[:cut])
		p.closeGently()
		whole, rest := 0, cut
		for rest >= len(parts[whole]) {
			rest -= len(parts[whole])
			whole++
		}
		// It has stored all that arrived whole, and nothing else.
		if got := c.resume(id); got.Stored != storedBy[whole] || got.Finished != (whole >= 5) {
			t.Errorf("cut at byte %d, in frame %d: %+v, want %d bets", cut, whole, got, storedBy[whole])
		}
	}
	for cut := range size { // with a reset, what arrived may count or not
		id := lottery.AgencyID(size + cut + 1)
		p := c.dial()
		p.write(join(conversation(t, id))[:cut])
		p.abort()
		if got := c.resume(id).Stored; got != 0 && got != 3 && got != 4 && got != 7 {
			t.Errorf("reset at byte %d: %d bets", cut, got)
		}
	}
	// Of each, all seven, in order and once.
	next := make(map[lottery.AgencyID]lottery.Offset)
	for b, err := range c.load() {
		if err != nil {
			t.Fatal(err)
		}
		if want := bet(next[b.Agency]).Document; b.Document != want {
			t.Fatalf("agency %d: %s, want %s", b.Agency, b.Document, want)
		}
		next[b.Agency]++
	}
	if c.store.Bets() != uint64(2*size*7) {
		t.Errorf("%d bets of %d agencies, want 7 each", c.store.Bets(), 2*size)
	}
}

// closeGently closes the peer's half and waits until the server has dealt with
// all that it sent.
func (p *peer) closeGently() {
	_ = p.socket().CloseWrite()
	p.readToEnd()
}

// readToEnd takes whatever comes until the server ends the connection.
func (p *peer) readToEnd() {
	for {
		if _, _, err := p.frames.Next(); err != nil {
			p.Close()
			return
		}
	}
}

// Each read of the server returns one byte. Small writes of the peer would not do that: the
// kernel joins them.
func TestOneByteAtATime(t *testing.T) {
	c := start(t, setup{byteWise: true})
	p := c.dial()
	p.write(join(conversation(t, 1)))
	p.welcome()
	p.acked(7)
	p.expect(&protocol.Registered{})
	if winners, _ := p.winners(); len(winners) != 1 {
		t.Errorf("winners: %v", winners)
	}
	c.wantStored(1, 7)
}

// The connection is lost before and after each frame, of either direction.
func TestLostAroundEachFrame(t *testing.T) {
	c := start(t, setup{agencies: 40, fs: newDisk()})
	id := lottery.AgencyID(0)
	for sent := range 7 {
		for answers := range answersTo(sent) + 1 {
			id++
			p := c.dial()
			if raw := join(conversation(t, id)[:sent]); len(raw) > 0 {
				p.write(raw)
			}
			for range answers {
				if _, _, err := p.frames.Next(); err != nil {
					t.Fatal(err)
				}
			}
			p.abort()
			if got := c.resume(id); got.Stored > storedBy[sent] {
				t.Errorf("%d frames sent: %d bets", sent, got.Stored)
			}
			c.wantStored(lottery.AgencyID(id), 7)
		}
	}
}

// answersTo counts the frames that answer so many frames for certain: all ACKs
// may be one, and the winners do not come yet.
func answersTo(sent int) int { return []int{0, 1, 2, 2, 2, 3, 3}[sent] }
