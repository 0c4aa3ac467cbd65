package agency

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv/betcsvtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// The agency pauses between one batch and the next, whether or not they are
// acknowledged. It does not pause before the first batch or after the last.
func TestPeriod(t *testing.T) {
	const period = 5 * time.Second
	for name, ackAfter := range map[string]time.Duration{"prompt": 0, "slow": 12 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := new(central)
				c.script = func(_ int, p *peer) {
					p.greet()
					// Acknowledges the first batch late, and the others with it.
					for range 4 {
						_ = p.until(protocol.TypeBatch)
						if len(c.batches()) == 1 {
							time.AfterFunc(ackAfter, func() { p.send(&protocol.Ack{Stored: 10}) })
						}
					}
					_ = p.until(protocol.TypeFinished)
					p.send(&protocol.Ack{Stored: 35}, &protocol.Registered{})
					_ = p.until(protocol.TypeQuery)
					p.send(&protocol.Winners{})
				}
				start := time.Now()
				if _, err := Run(t.Context(), 1, writeDataFile(t, betcsvtest.Numbered(35)), c.dial, Options{RetryDeadline: time.Minute, BatchMaxAmount: 10, Period: period}); err != nil {
					t.Fatal(err)
				}
				for i, b := range c.batches() {
					if at := b.at.Sub(start); at != time.Duration(i)*period {
						t.Errorf("batch %d after %v", i+1, at)
					}
				}
				if took := time.Since(start); took != 3*period {
					t.Errorf("4 batches took %v, want 3 pauses of %v", took, period)
				}
			})
		})
	}
}

// There is no pause without batches, and none with a single batch.
func TestPeriodOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		runUpload(t, new(central), nil, Options{RetryDeadline: time.Minute, Period: time.Hour})
		runUpload(t, new(central), betcsvtest.Numbered(3), Options{RetryDeadline: time.Minute, Period: time.Hour})
		if took := time.Since(start); took != 0 {
			t.Errorf("paused for %v", took)
		}
	})
}

// A central that acknowledges nothing gets exactly one window of batches.
func TestWindow(t *testing.T) {
	const batches, size = windowSize + 8, 10
	synctest.Test(t, func(t *testing.T) {
		c := new(central)
		c.script = func(_ int, p *peer) {
			p.greet()
			go func() { _ = p.until(protocol.TypeFinished) }()
			for step := 1; step <= batches; step++ {
				synctest.Wait() // for all batches that the agency sends by itself
				if got, want := len(c.batches()), min(windowSize+step-1, batches); got != want {
					t.Errorf("%d batches after %d acknowledgements, want %d", got, step-1, want)
				}
				p.send(&protocol.Ack{Stored: lottery.Offset(size * step)})
			}
			synctest.Wait()
			p.send(&protocol.Registered{}, &protocol.Winners{})
		}
		if _, err := Run(t.Context(), 1, writeDataFile(t, betcsvtest.Numbered(batches*size)), c.dial, Options{RetryDeadline: time.Minute, BatchMaxAmount: size}); err != nil {
			t.Fatal(err)
		}
	})
}

// One acknowledgement can answer many batches, or a part of them.
func TestCumulativeAcknowledgements(t *testing.T) {
	const size = 10
	const full = size * windowSize // the bets of a full window
	const total = 3*full + 4*size
	synctest.Test(t, func(t *testing.T) {
		c := new(central)
		c.script = func(_ int, p *peer) {
			p.greet()
			go func() { _ = p.until(protocol.TypeFinished) }()
			for _, stored := range []lottery.Offset{0, full - 5, full - 5, full, 2 * full, 3*full - 5, total} {
				synctest.Wait()
				p.send(&protocol.Ack{Stored: stored})
			}
			synctest.Wait()
			p.send(&protocol.Registered{}, &protocol.Winners{})
		}
		if _, err := Run(t.Context(), 1, writeDataFile(t, betcsvtest.Numbered(total)), c.dial, Options{RetryDeadline: time.Minute, BatchMaxAmount: size}); err != nil {
			t.Fatal(err)
		}
		if got := len(c.batches()); got != total/size || c.dials != 1 {
			t.Errorf("%d batches over %d connections", got, c.dials)
		}
	})
}

func TestWinners(t *testing.T) {
	var many []string
	for i := range 5000 {
		many = append(many, fmt.Sprintf("%08d", i))
	}
	for _, winners := range [][]string{nil, {"30904465"}, {"", "x"}, many} {
		synctest.Test(t, func(t *testing.T) {
			c := &central{winners: winners}
			if got := runUpload(t, c, betcsvtest.Numbered(max(12, len(winners))), Options{RetryDeadline: time.Minute, BatchMaxAmount: 5}); !slices.Equal(got, winners) {
				t.Errorf("%d winners, want %d", len(got), len(winners))
			}
		})
	}
}

// The draw may come days later. The agency sends nothing until then.
func TestWaitsForTheDraw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := new(central)
		c.script = func(_ int, p *peer) {
			p.greet()
			_ = p.until(protocol.TypeQuery)
			p.send(&protocol.Ack{Stored: 3}, &protocol.Registered{})
			_ = p.SetReadDeadline(time.Now().Add(72 * time.Hour))
			if kind, _, err := p.next(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("while it waits the agency sends %v, %v", kind, err)
			}
			p.send(&protocol.Winners{Documents: []string{"1"}})
		}
		winners, err := Run(t.Context(), 1, writeDataFile(t, betcsvtest.Numbered(3)), c.dial, Options{RetryDeadline: time.Minute})
		if err != nil || len(winners) != 1 || c.dials != 1 {
			t.Errorf("%q, %v, %d connections", winners, err, c.dials)
		}
	})
}

// The server restarts while the agency waits for the draw, long after the last
// acknowledgement. The agency still has its whole deadline to connect again.
func TestLosesConnectionWhileItWaitsForTheDraw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := new(central)
		c.script = func(n int, p *peer) {
			if n == 5 {
				p.speak()
				return
			}
			if n > 1 {
				return // still down
			}
			p.greet()
			for range 2 {
				kind, payload, _ := p.next()
				p.send(c.take(kind, payload)...)
			}
			_ = p.until(protocol.TypeQuery)
			time.Sleep(time.Hour)
		}
		runUpload(t, c, betcsvtest.Numbered(3), Options{RetryDeadline: 10 * time.Second})
		if c.dials != 5 {
			t.Errorf("%d connections", c.dials)
		}
	})
}
