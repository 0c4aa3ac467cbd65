package agency

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv/betcsvtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// After a reply that makes no sense the agency fails at once, without winners.
func TestNonsense(t *testing.T) {
	huge := []byte{0xff, 0xff, 0xff, 0xff, 0x82}
	welcome := func(stored lottery.Offset) []byte { return encode(&protocol.Welcome{Stored: stored}) }
	for _, tt := range []struct {
		name  string
		after protocol.Type // the frame that gets this reply; the frames before it get the right ones
		reply []byte
		want  string
	}{
		{"HTTP", protocol.TypeHello, []byte("HTTP/1.1 400 Bad Request\r\n"), "the server at pipe speaks HTTP, not the lottery's protocol"},
		{"a TLS alert", protocol.TypeHello, []byte{0x15, 3, 3, 0, 2, 2, 70}, "the server at pipe speaks TLS, not the lottery's protocol"},
		{"a TLS handshake", protocol.TypeHello, []byte{0x16, 3, 1, 0, 2}, "the server at pipe speaks TLS, not the lottery's protocol"},
		{"another protocol", protocol.TypeHello, []byte("SSH-2.0-OpenSSH_9.2\r\n"), "malformed frame: length"},
		{"huge length", protocol.TypeHello, huge, "malformed frame: length 4294967295"},
		{"no type", protocol.TypeHello, []byte{0, 0, 0, 0}, "malformed frame: length 0"},
		{"ACK for WELCOME", protocol.TypeHello, encode(&protocol.Ack{}), "the central sent ACK, expected WELCOME"},
		{"HELLO for WELCOME", protocol.TypeHello, encode(&protocol.Hello{Version: 1, Agency: 1}), "HELLO, expected WELCOME"},
		{"unknown type", protocol.TypeHello, []byte{0, 0, 0, 1, 0x77}, "type 0x77, expected WELCOME"},
		{"short WELCOME", protocol.TypeHello, []byte{0, 0, 0, 2, 0x81, 0}, "malformed frame: WELCOME"},
		{"long WELCOME", protocol.TypeHello, append([]byte{0, 0, 0, 15, 0x81}, make([]byte, 14)...), "malformed frame: WELCOME"},
		{"more than the file has", protocol.TypeHello, welcome(1 << 63), "it has 100 bets"},
		{"malformed ERROR", protocol.TypeHello, []byte{0, 0, 0, 1, 0x8f}, "malformed frame: ERROR"},

		{"WELCOME again", protocol.TypeBatch, welcome(0), "WELCOME during an upload"},
		{"BATCH", protocol.TypeBatch, []byte{0, 0, 0, 1, 0x02}, "BATCH during an upload"},
		{"ACK beyond what was sent", protocol.TypeBatch, encode(&protocol.Ack{Stored: 101}), "acknowledged 101 bets"},
		{"ACK of everything there is", protocol.TypeBatch, encode(&protocol.Ack{Stored: 1<<64 - 1}), "acknowledged 18446744073709551615"},
		{"ACK that goes back", protocol.TypeBatch, encode(&protocol.Ack{Stored: 10}, &protocol.Ack{Stored: 9}), "acknowledged 9 bets, expected 10"},
		{"short ACK", protocol.TypeBatch, []byte{0, 0, 0, 2, 0x82, 0}, "malformed frame: ACK"},
		{"malformed", protocol.TypeBatch, huge, "malformed frame"},
		{"REGISTERED before FINISHED", protocol.TypeBatch, encode(&protocol.Registered{}), "took the agency to have finished"},
		{"winners before the end", protocol.TypeBatch, encode(&protocol.Winners{Documents: []string{"1"}}), "winners before"},

		{"winners for REGISTERED", protocol.TypeFinished, encode(&protocol.Winners{}), "winners before"},
		{"long REGISTERED", protocol.TypeFinished, []byte{0, 0, 0, 2, 0x83, 0}, "malformed frame: REGISTERED"},

		{"malformed winners", protocol.TypeQuery, []byte{0, 0, 0, 4, 0x84, 0, 0, 1}, "malformed frame: WINNERS"},
		{"winners and a half", protocol.TypeQuery, append(encode(&protocol.Winners{More: true, Documents: []string{"1"}}), huge...), "malformed frame"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := new(central)
				c.script = func(_ int, p *peer) {
					if p.answerUpTo(tt.after) == nil {
						_, _ = p.Write(tt.reply)
						_ = p.until(0)
					}
				}
				winners, err := Run(t.Context(), 1, writeDataFile(t, betcsvtest.Numbered(100)), c.dial, Options{RetryDeadline: time.Minute, BatchMaxAmount: 10})
				if err == nil || !strings.Contains(err.Error(), tt.want) || c.dials != 1 {
					t.Errorf("error %v, want %q; %d connections", err, tt.want, c.dials)
				}
				if winners != nil {
					t.Errorf("winners %q", winners)
				}
			})
		})
	}
}

// FINISHED follows all batches. A REGISTERED that comes before the acknowledgement of
// the last batch is wrong: the agency must refuse it.
func TestRegisteredWithBatchesInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := new(central)
		c.script = func(_ int, p *peer) {
			p.greet()
			_ = p.until(protocol.TypeQuery)
			p.send(&protocol.Ack{Stored: 90}, &protocol.Registered{}, &protocol.Winners{Documents: []string{"1"}})
		}
		winners, err := Run(t.Context(), 1, writeDataFile(t, betcsvtest.Numbered(100)), c.dial, Options{RetryDeadline: time.Minute, BatchMaxAmount: 10})
		if err == nil || !strings.Contains(err.Error(), "90 of 100") || winners != nil {
			t.Errorf("%q, %v", winners, err)
		}
	})
}

// FuzzCentral has the central send anything after the WELCOME, or instead of it. The
// agency ends without a panic.
func FuzzCentral(f *testing.F) {
	f.Add(true, encode(&protocol.Ack{Stored: 30}, &protocol.Registered{}, &protocol.Winners{Documents: []string{"1"}}))
	f.Add(true, encode(&protocol.Ack{Stored: 7}, &protocol.Error{Status: protocol.StatusBusy}))
	f.Add(false, encode(&protocol.Welcome{}, &protocol.Ack{}))
	f.Add(false, []byte("HTTP/1.1 400 Bad Request\r\n"))
	f.Fuzz(func(t *testing.T, greets bool, reply []byte) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c := new(central)
			c.script = func(n int, p *peer) {
				if n == 3 { // a central that acknowledges and forgets would keep the agency for ever
					cancel()
				}
				if greets {
					p.greet()
				}
				go func() { _ = p.until(0) }()
				synctest.Wait()
				_, _ = p.Write(reply)
			}
			_, _ = Run(ctx, 1, writeDataFile(t, betcsvtest.Numbered(30)), c.dial, Options{BatchMaxAmount: 7, RetryDeadline: 1})
		})
	})
}
