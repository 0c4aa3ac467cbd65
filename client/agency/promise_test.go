package agency

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv/betcsvtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// wantFailure runs an agency that must fail with that error, after at most that many
// dials.
func wantFailure(t *testing.T, c *central, name, want string, dials int, options Options) {
	t.Helper()
	winners, err := Run(t.Context(), 1, name, c.dial, options)
	synctest.Wait()
	if err == nil || !strings.Contains(err.Error(), want) || winners != nil || c.dials > dials {
		t.Errorf("winners %q, error %v over %d connections, want %q over %d", winners, err, c.dials, want, dials)
	}
}

// The central has lost bets that it acknowledged. The agency does not send them again.
func TestLessThanAcknowledgedIsFinal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := new(central)
		c.script = atFirst(func(p *peer) {
			p.greet()
			_ = p.until(protocol.TypeBatch)
			p.send(&protocol.Ack{Stored: 10}) // and it stores nothing
			time.Sleep(time.Second)
		})
		wantFailure(t, c, writeDataFile(t, betcsvtest.Numbered(30)), "the central has 0 bets of this agency, and had acknowledged 10", 2,
			Options{RetryDeadline: time.Minute, BatchMaxAmount: 10})
		if len(c.stored) != 0 {
			t.Errorf("%d bets were uploaded again", len(c.stored))
		}
	})
}

// A data file that is cut, or that grows, while it is uploaded does not end in
// success.
func TestChangedDataFileIsFinal(t *testing.T) {
	for _, change := range []int64{-1, -1000, 1} {
		synctest.Test(t, func(t *testing.T) {
			name := writeDataFile(t, betcsvtest.Numbered(2000))
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			c := new(central)
			changed := false
			options := Options{RetryDeadline: time.Minute, BatchMaxAmount: 10, OnProgress: func(Progress) {
				if changed {
					return
				}
				changed = true
				if err := os.Truncate(name, info.Size()+change); err != nil {
					t.Error(err)
				}
			}}
			winners, err := Run(t.Context(), 1, name, c.dial, options)
			synctest.Wait()
			if err == nil || winners != nil || c.finished {
				t.Errorf("changed by %d bytes: error %v, finished: %t", change, err, c.finished)
			}
		})
	}
}

func TestFileCutAtARowIsFinal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bets := betcsvtest.Numbered(2000)
		name := writeDataFile(t, bets)
		half := int64(len(betcsvtest.DataFile(bets[:1000], "\r\n")))
		c := new(central)
		options := Options{RetryDeadline: time.Minute, BatchMaxAmount: 10, OnProgress: func(Progress) {
			if err := os.Truncate(name, half); err != nil {
				t.Error(err)
			}
		}}
		wantFailure(t, c, name, errChanged.Error(), 1, options)
		if c.finished {
			t.Error("the agency has finished with half of its bets")
		}
	})
}

func TestMoreWinnersThanBetsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &central{winners: []string{"1", "2", "3", "4"}}
		wantFailure(t, c, writeDataFile(t, betcsvtest.Numbered(3)), "4 winners among 3 bets", 1, Options{RetryDeadline: time.Minute})
	})
}

// The retry deadline limits every wait except the wait for the draw.
func TestRetryDeadlineBoundsEveryWait(t *testing.T) {
	for name, script := range map[string]func(p *peer){
		"mute at once":        func(p *peer) { _ = p.until(protocol.TypeQuery) },
		"mute after WELCOME":  func(p *peer) { p.greet(); _ = p.until(protocol.TypeHello) },
		"mute after FINISHED": func(p *peer) { _ = p.answerUpTo(protocol.TypeFinished); _ = p.until(protocol.TypeHello) },
		"the same ACK": func(p *peer) {
			p.greet()
			_ = p.until(protocol.TypeBatch)
			go func() { _ = p.until(protocol.TypeHello) }()
			for range 100 {
				time.Sleep(time.Second)
				p.send(&protocol.Ack{})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := new(central)
				c.script = func(_ int, p *peer) { script(p) }
				file := writeDataFile(t, betcsvtest.Numbered(30))
				begin := time.Now()
				wantFailure(t, c, file, "no progress for 5s: ", 1, Options{RetryDeadline: 5 * time.Second, BatchMaxAmount: 10})
				if took := time.Since(begin); took > 5*time.Second+stopTimeout {
					t.Errorf("gave up after %v", took)
				}
				time.Sleep(2 * time.Minute) // for the central's side
			})
		})
	}
}

// A data file may be a pipe without a writer. A stop ends the wait for it.
func TestStopsWhileItWaitsForAPipe(t *testing.T) {
	name := pipe(t)
	for _, writer := range []bool{false, true} {
		if writer { // it opens the pipe, and writes nothing
			file, err := os.OpenFile(name, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
		}
		reason := errors.New("stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(100*time.Millisecond, func() { cancel(reason) })
		done := make(chan error, 1)
		go func() {
			_, err := Run(ctx, 1, name, new(central).dial, Options{})
			done <- err
		}()
		select {
		case err := <-done:
			if !errors.Is(err, reason) {
				t.Errorf("with a writer %t: %v", writer, err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("with a writer %t: it does not stop", writer)
		}
	}
}

// The time of the retry deadline does not run while the agency waits for no reply, as
// in a pause between batches.
func TestPausesBeyondTheRetryDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := new(central)
		runUpload(t, c, betcsvtest.Numbered(35), Options{RetryDeadline: time.Minute, BatchMaxAmount: 10, Period: 61 * time.Second})
	})
}

// After the first winners, the wait for the others is limited as for any reply.
func TestCentralStallsAmidWinners(t *testing.T) {
	for name, script := range map[string]func(*peer){
		"mute": func(p *peer) {
			p.send(&protocol.Winners{More: true, Documents: []string{"1"}})
			_ = p.until(protocol.TypeHello)
		},
		"no winners, again and again": func(p *peer) {
			for {
				if _, err := p.Write(encode(&protocol.Winners{More: true})); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := new(central)
				c.script = func(_ int, p *peer) {
					_ = p.answerUpTo(protocol.TypeQuery)
					script(p)
				}
				begin := time.Now()
				wantFailure(t, c, writeDataFile(t, betcsvtest.Numbered(35)), "", 10, Options{RetryDeadline: time.Minute, BatchMaxAmount: 10})
				if took := time.Since(begin); took > 2*time.Minute {
					t.Errorf("gave up after %v", took)
				}
				time.Sleep(time.Minute) // for the central's side
			})
		})
	}
}

// A pipe can be read once. After a lost connection the agency fails: it must not
// succeed with the rest of the pipe alone.
func TestPipeIsNotReadAgain(t *testing.T) {
	name := pipe(t)
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(betcsvtest.DataFile(betcsvtest.Numbered(100), "\r\n")); err != nil {
		t.Fatal(err)
	}
	c := new(central)
	c.script = atFirst(func(p *peer) {
		p.greet()
		_ = p.until(protocol.TypeBatch) // and then the connection is lost
	})
	_, err = Run(t.Context(), 1, name, c.dial, Options{RetryDeadline: 10 * time.Second, BatchMaxAmount: 5})
	if err == nil || !strings.Contains(err.Error(), "a pipe cannot be read again") || c.finished {
		t.Errorf("error %v, finished: %t", err, c.finished)
	}
}

// The central refuses while the agency waits for a pipe. The error is the refusal.
func TestPipeDoesNotHideARefusal(t *testing.T) {
	name := pipe(t)
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	c := new(central)
	c.script = func(_ int, p *peer) {
		p.greet()
		p.send(&protocol.Error{Status: protocol.StatusSuperseded, Text: "by the model"})
	}
	want := protocol.StatusSuperseded.String()
	if _, err := Run(t.Context(), 1, name, c.dial, Options{RetryDeadline: 10 * time.Second}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v", err)
	}
}
