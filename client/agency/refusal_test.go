package agency

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv/betcsvtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// refuseAt is a script. On the first connection it answers the first frame of a kind
// with an ERROR. On the others it speaks as it should.
func refuseAt(kind protocol.Type, status protocol.Status) func(int, *peer) {
	return atFirst(func(p *peer) {
		if p.answerUpTo(kind) == nil {
			p.send(&protocol.Error{Status: status, Text: "because"})
		}
	})
}

var phases = []protocol.Type{protocol.TypeHello, protocol.TypeBatch, protocol.TypeFinished, protocol.TypeQuery}

func TestRetryStatuses(t *testing.T) {
	for _, status := range []protocol.Status{protocol.StatusStorageFailed, protocol.StatusStopping, protocol.StatusBusy, 0x3f} {
		for _, phase := range phases {
			synctest.Test(t, func(t *testing.T) {
				c := new(central)
				c.script = refuseAt(phase, status)
				runUpload(t, c, betcsvtest.Numbered(500), Options{RetryDeadline: time.Minute, BatchMaxAmount: 10})
				if c.dials != 2 {
					t.Errorf("%v at %v: %d connections", status, phase, c.dials)
				}
			})
		}
	}
}

func TestFinalStatuses(t *testing.T) {
	for status := protocol.StatusInvalidBet; status <= protocol.StatusLimit+1; status++ {
		for _, phase := range phases {
			synctest.Test(t, func(t *testing.T) {
				c := new(central)
				c.script = refuseAt(phase, status)
				_, err := Run(t.Context(), 1, writeDataFile(t, betcsvtest.Numbered(500)), c.dial, Options{RetryDeadline: time.Minute, BatchMaxAmount: 10})
				var refusal *protocol.Error
				if !errors.As(err, &refusal) || refusal.Status != status || !strings.Contains(err.Error(), "because") {
					t.Errorf("%v at %v: error %v", status, phase, err)
				}
				if c.dials != 1 {
					t.Errorf("%v at %v: %d connections", status, phase, c.dials)
				}
			})
		}
	}
}

// The deadline counts from the last new acknowledgement, or from the start.
func TestDeadlineWithoutProgress(t *testing.T) {
	const deadline = 20 * time.Second
	storageFailed := &protocol.Error{Status: protocol.StatusStorageFailed, Text: "no space left"}
	for _, tt := range []struct {
		name   string
		script func(c *central, n int, p *peer)
		want   string
	}{
		{"closes at once", func(*central, int, *peer) {}, "HELLO"},
		{"busy", func(_ *central, _ int, p *peer) {
			_ = p.until(protocol.TypeHello)
			p.send(&protocol.Error{Status: protocol.StatusBusy})
		}, "server busy"},
		{"stores nothing", func(_ *central, _ int, p *peer) {
			p.greet()
			_ = p.until(protocol.TypeBatch)
			p.send(storageFailed)
		}, "no space left"},
		{"acknowledges nothing new", func(_ *central, _ int, p *peer) {
			p.greet()
			_ = p.until(protocol.TypeBatch)
			p.send(&protocol.Ack{})
		}, "read a reply"},
		{"cannot hold the draw", func(c *central, _ int, p *peer) {
			p.greet()
			for {
				kind, payload, err := p.next()
				if err != nil || kind == protocol.TypeQuery {
					break
				}
				p.send(c.take(kind, payload)...)
			}
			p.send(storageFailed)
		}, "no space left"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := new(central)
				c.script = func(n int, p *peer) {
					if n > 10_000 {
						panic("the agency does not give up")
					}
					tt.script(c, n, p)
				}
				start := time.Now()
				_, err := Run(t.Context(), 1, writeDataFile(t, betcsvtest.Numbered(30)), c.dial, Options{BatchMaxAmount: 10, RetryDeadline: deadline})
				if err == nil || !strings.Contains(err.Error(), "no progress for 20s: ") || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %q", err, tt.want)
				}
				if took := time.Since(start); took < deadline || took > deadline+time.Second {
					t.Errorf("gave up after %v", took)
				}
				if c.dials < 10 || c.dials > 100 {
					t.Errorf("%d connections", c.dials)
				}
			})
		})
	}
}

// The agency goes on as long as each acknowledgement comes before the deadline.
func TestProgressExtendsTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := new(central)
		c.script = func(n int, p *peer) {
			if c.finished || len(c.stored) >= 300 {
				p.speak()
				return
			}
			p.greet()
			time.Sleep(8 * time.Second)
			if kind, payload, err := p.next(); err == nil {
				p.send(c.take(kind, payload)...)
			}
		}
		start := time.Now()
		runUpload(t, c, betcsvtest.Numbered(300), Options{BatchMaxAmount: 10, RetryDeadline: 20 * time.Second})
		if took := time.Since(start); took < 30*8*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// A central that sends nothing loses the connection after replyTimeout, in every phase
// but the wait for the draw.
func TestSilentCentral(t *testing.T) {
	bets := betcsvtest.Numbered(500)
	for _, tt := range []struct {
		name   string
		phase  protocol.Type
		stored int
	}{
		{"at HELLO", protocol.TypeHello, 0},
		{"at a batch", protocol.TypeBatch, 0},
		{"at FINISHED", protocol.TypeFinished, 0},
		{"at FINISHED, all is stored", protocol.TypeFinished, len(bets)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &central{stored: bets[:tt.stored:tt.stored]}
				c.script = atFirst(func(p *peer) {
					if p.answerUpTo(tt.phase) == nil {
						_ = p.until(0) // reads on, and says nothing
					}
				})
				start := time.Now()
				runUpload(t, c, bets, Options{RetryDeadline: time.Minute, BatchMaxAmount: 10})
				if took := time.Since(start); took < replyTimeout || took > replyTimeout+time.Second {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

// While the agency skips bets that are stored, it waits for no reply. To skip them may
// take long.
func TestNoReplyLimitBeforeTheFirstBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bets := betcsvtest.Numbered(20)
		c := &central{stored: bets[:10:10]}
		var armed []time.Duration // how long each read may wait; 0 = without end
		dial := func(ctx context.Context) (net.Conn, error) {
			socket, err := c.dial(ctx)
			return &deadlines{socket, &armed}, err
		}
		if _, err := Run(t.Context(), 1, writeDataFile(t, bets), dial, Options{RetryDeadline: time.Minute}); err != nil {
			t.Fatal(err)
		}
		if len(armed) < 3 || armed[0] != replyTimeout || armed[1] != 0 || armed[2] != replyTimeout {
			t.Errorf("armed for %v, want WELCOME, nothing, ACK, …", armed)
		}
	})
}

// deadlines records the deadlines of a connection's reads, in a synctest bubble.
type deadlines struct {
	net.Conn
	armed *[]time.Duration
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	var wait time.Duration
	if !at.IsZero() {
		wait = time.Until(at)
	}
	*d.armed = append(*d.armed, wait)
	return d.Conn.SetReadDeadline(at)
}

// When sending fails, the agency waits for a moment: the central may have sent the
// reason.
func TestSendingFails(t *testing.T) {
	for _, tt := range []struct {
		name    string
		says    protocol.Message
		refused bool
	}{
		{"a refusal", &protocol.Error{Status: protocol.StatusClosed}, true},
		{"an acknowledgement", &protocol.Ack{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := new(central)
				c.script = func(_ int, p *peer) {
					p.greet()
					time.Sleep(stopTimeout / 2)
					p.send(tt.says)
					_ = p.until(0)
				}
				dial := func(ctx context.Context) (net.Conn, error) {
					socket, err := c.dial(ctx)
					return &onceWritten{Conn: socket}, err
				}
				start := time.Now()
				_, err := Run(t.Context(), 1, writeDataFile(t, betcsvtest.Numbered(3)), dial, Options{RetryDeadline: 0})
				var refusal *protocol.Error
				if errors.As(err, &refusal) != tt.refused || errors.Is(err, errWrite) == tt.refused {
					t.Errorf("refused: %t, got %v", tt.refused, err)
				}
				if took := time.Since(start); took > stopTimeout {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

var errWrite = errors.New("broken pipe")

// onceWritten is a connection of which all writes but the first fail.
type onceWritten struct {
	net.Conn
	written bool
}

func (o *onceWritten) Write(p []byte) (int, error) {
	if o.written {
		return 0, errWrite
	}
	o.written = true
	return o.Conn.Write(p)
}

// A central sends nothing more while batches go on. The time limit counts from the
// first batch without a reply.
func TestSilentCentralDuringSlowUpload(t *testing.T) {
	const period = 20 * time.Second
	synctest.Test(t, func(t *testing.T) {
		c := new(central)
		c.script = atFirst(func(p *peer) {
			p.greet()
			kind, payload, err := p.next()
			if err != nil {
				return
			}
			p.send(c.take(kind, payload)...)
			_ = p.until(0) // reads on, and says nothing
		})
		start := time.Now()
		runUpload(t, c, betcsvtest.Numbered(100), Options{BatchMaxAmount: 10, Period: period, RetryDeadline: time.Hour})
		// The second batch gets no reply. Between the nine batches that are sent
		// again there are eight pauses.
		want := period + replyTimeout + 8*period
		if took := time.Since(start); took < want || took > want+2*time.Second {
			t.Errorf("took %v, want %v", took, want)
		}
	})
}

// A central that neither reads nor writes does not stop the agency for ever.
func TestCentralThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := new(central)
		c.script = atFirst(func(p *peer) {
			p.greet()
			time.Sleep(time.Hour)
		})
		start := time.Now()
		runUpload(t, c, sized(500, 780), Options{RetryDeadline: time.Minute})
		if took := time.Since(start); took > time.Minute {
			t.Errorf("took %v", took)
		}
		time.Sleep(time.Hour)
	})
}

func TestNobodyListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("connection refused")
		start := time.Now()
		_, err := Run(t.Context(), 1, writeDataFile(t, nil), func(context.Context) (net.Conn, error) { return nil, refused }, Options{RetryDeadline: time.Minute})
		if !errors.Is(err, refused) || !strings.Contains(err.Error(), "no progress for 1m0s: ") || time.Since(start) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// The error of a lost connection names only once what the agency was doing.
func TestConnectionIsReset(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = io.ReadFull(conn, make([]byte, len(encode(&protocol.Hello{}))))
		_ = conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}()
	dial := func(context.Context) (net.Conn, error) { return net.Dial("tcp", listener.Addr().String()) }
	_, err = Run(t.Context(), 1, writeDataFile(t, nil), dial, Options{})
	if want := "read a reply: connection reset by peer"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}
