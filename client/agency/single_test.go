package agency

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv/betcsvtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// The bet is stored once, at whatever moment the connection is lost.
func TestSingleBetIsStoredOnce(t *testing.T) {
	before := betcsvtest.Numbered(3)
	bet := sized(1, 300)[0]
	for at := 0; ; at++ {
		cut := true
		synctest.Test(t, func(t *testing.T) {
			c := &central{stored: slices.Clone(before), cuts: []int{at, at + 3}}
			if err := SendBet(t.Context(), bet, c.dial, Options{RetryDeadline: time.Minute}); err != nil {
				t.Fatalf("cut at %d: %v", at, err)
			}
			synctest.Wait()
			if !slices.Equal(c.stored, append(before, bet)) {
				t.Errorf("cut at %d: %+v is stored", at, c.stored)
			}
			for _, a := range c.arrived {
				if a.kind != protocol.TypeHello && a.kind != protocol.TypeBet {
					t.Errorf("sent %v", a.kind)
				}
			}
			cut = at <= c.points
		})
		if !cut {
			return
		}
	}
}

func TestSingleBetFails(t *testing.T) {
	for _, tt := range []struct {
		name  string
		reply []byte
		want  string
	}{
		{"refused", encode(&protocol.Error{Status: protocol.StatusInvalidBet, Text: "no such day"}), "invalid bet: no such day"},
		{"acknowledges less", encode(&protocol.Ack{Stored: 7}), "acknowledged 7 bets, expected 8"},
		{"another message", encode(&protocol.Registered{}), "REGISTERED, expected ACK"},
		{"retry for ever", encode(&protocol.Error{Status: protocol.StatusStorageFailed}), "no progress for 1m0s: storage failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lines := logtest.Capture(t, "INFO")
				c := new(central)
				c.script = func(_ int, p *peer) {
					_ = p.until(protocol.TypeHello)
					p.send(&protocol.Welcome{Stored: 7})
					_ = p.until(protocol.TypeBet)
					_, _ = p.Write(tt.reply)
					time.Sleep(time.Second)
				}
				err := SendBet(t.Context(), betcsvtest.Numbered(1)[0], c.dial, Options{RetryDeadline: time.Minute})
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %q", err, tt.want)
				}
				if said := strings.Join(lines(), "\n"); strings.Contains(said, "apuesta_enviada") {
					t.Errorf("claims to have sent it:\n%s", said)
				}
				time.Sleep(time.Second)
			})
		})
	}
}

// The connection is lost between WELCOME and BET. The next WELCOME shows whether
// other bets were stored in between.
func TestSingleBetAfterOthers(t *testing.T) {
	bets := betcsvtest.Numbered(4)
	for _, tt := range []struct {
		name      string
		meanwhile []lottery.Bet
		want      string // part of the error; "" = the bet is stored
		stored    int
	}{
		{"none", nil, "", 2},
		{"another one", bets[2:3], "it is unknown whether the bet is stored", 2},
		{"two, ours among them", []lottery.Bet{bets[1], bets[2]}, "it is unknown whether the bet is stored", 3},
		{"an identical one, which cannot be told apart", bets[1:2], "", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lines := logtest.Capture(t, "INFO")
				c := &central{stored: slices.Clone(bets[:1])}
				c.script = atFirst(func(p *peer) {
					p.greet()
					c.stored = append(c.stored, tt.meanwhile...)
				})
				err := SendBet(t.Context(), bets[1], c.dial, Options{RetryDeadline: time.Minute})
				synctest.Wait()
				if (tt.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %q", err, tt.want)
				}
				if said := strings.Contains(strings.Join(lines(), "\n"), "apuesta_enviada"); said != (err == nil) {
					t.Errorf("says that the bet was sent: %t", said)
				}
				if len(c.stored) != tt.stored {
					t.Errorf("%d bets are stored, want %d", len(c.stored), tt.stored)
				}
			})
		})
	}
}
