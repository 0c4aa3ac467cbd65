package agency

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv/betcsvtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

var errSignal = errors.New("terminated")

// An agency stops at once, in every phase, when its context ends. It closes its
// connection and its file. Synctest fails if a goroutine is left.
func TestStops(t *testing.T) {
	mute := func(p *peer) { _ = p.until(0) } // reads, and says nothing
	after := func(kind protocol.Type, then func(*peer)) func(*central, *peer) {
		return func(_ *central, p *peer) {
			if p.answerUpTo(kind) == nil {
				then(p)
			}
		}
	}
	for _, tt := range []struct {
		name   string
		script func(*central, *peer)
		period time.Duration
		closed []string // at the stop; the file is closed earlier if all was sent
	}{
		{"before WELCOME", after(protocol.TypeHello, mute), 0, []string{"connection"}},
		{"HELLO is not read", func(*central, *peer) { time.Sleep(time.Hour) }, 0, []string{"connection"}},
		{"send window full", after(protocol.TypeBatch, mute), 0, []string{"file", "connection"}},
		{"nothing is read", func(_ *central, p *peer) { p.greet(); time.Sleep(time.Hour) }, 0, []string{"file", "connection"}},
		{"between batches", func(_ *central, p *peer) { p.speak() }, time.Minute, []string{"file", "connection"}},
		{"before REGISTERED", after(protocol.TypeFinished, mute), 0, []string{"connection"}},
		{"waiting for the draw", after(protocol.TypeQuery, mute), 0, []string{"connection"}},
		{"half of a frame", after(protocol.TypeQuery, func(p *peer) {
			_, _ = p.Write(encode(&protocol.Winners{Documents: []string{"1"}})[:7])
			mute(p)
		}), 0, []string{"connection"}},
		{"between attempts", func(*central, *peer) {}, 0, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name := writeDataFile(t, sized(5*windowSize, 780)) // in batches of three they overfill the window
			files := descriptors(t)
			synctest.Test(t, func(t *testing.T) {
				lines := logtest.Capture(t, "INFO")
				c := new(central)
				c.script = func(_ int, p *peer) { tt.script(c, p) }
				ctx, cancel := context.WithCancelCause(t.Context())
				const when = 3 * time.Second
				time.AfterFunc(when, func() { cancel(errSignal) })
				start := time.Now()
				winners, err := Run(ctx, 1, name, c.dial, Options{RetryDeadline: time.Minute, BatchMaxAmount: 3, Period: tt.period})
				if !errors.Is(err, errSignal) || winners != nil {
					t.Errorf("%q, %v", winners, err)
				}
				if took := time.Since(start) - when; took < 0 || took > 500*time.Millisecond {
					t.Errorf("stopped after %v", took)
				}
				said := lines()
				for i, what := range tt.closed {
					if !strings.Contains(said[len(said)-len(tt.closed)+i], "action: close_"+what+" | result: success") {
						t.Errorf("%s is not closed: %q", what, said)
					}
				}
				time.Sleep(2 * time.Hour) // the central's side ends
			})
			if now := descriptors(t); files != now {
				t.Errorf("%d descriptors were open, now %d", files, now)
			}
		})
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil && runtime.GOOS != "linux" {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestStopsWhileItConnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errSignal) })
		start := time.Now()
		_, err := Run(ctx, 1, writeDataFile(t, nil), func(ctx context.Context) (net.Conn, error) {
			<-ctx.Done() // nothing answers
			return nil, ctx.Err()
		}, Options{RetryDeadline: time.Minute})
		if !errors.Is(err, errSignal) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// The agency stops at any moment. No stored bet is lost or doubled, and the next run of
// the agency sends the rest.
func TestStopsAtAnyMoment(t *testing.T) {
	bets := betcsvtest.Numbered(20)
	name := writeDataFile(t, bets)
	for ms := range 200 {
		synctest.Test(t, func(t *testing.T) {
			c := new(central)
			c.script = func(_ int, p *peer) {
				for {
					kind, payload, err := p.next()
					if err != nil {
						return
					}
					time.Sleep(15 * time.Millisecond)
					p.send(c.take(kind, payload)...)
				}
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Duration(ms)*time.Millisecond, func() { cancel(errSignal) })
			if _, err := Run(ctx, 1, name, c.dial, Options{RetryDeadline: time.Minute, BatchMaxAmount: 3}); err != nil && !errors.Is(err, errSignal) {
				t.Errorf("stopped after %d ms: %v", ms, err)
			}
			time.Sleep(time.Second) // the central stores what it has read
			synctest.Wait()
			stored := slices.Clone(c.stored)
			if !slices.Equal(stored, bets[:len(stored)]) {
				t.Errorf("stopped after %d ms: %d bets are stored, not the first", ms, len(stored))
			}
			runUpload(t, c, bets, Options{RetryDeadline: time.Minute, BatchMaxAmount: 7})
		})
	}
}
