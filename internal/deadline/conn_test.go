package deadline

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// tcpPair returns both ends of a TCP connection on this machine.
func tcpPair(t *testing.T) (ours *Conn, theirs *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	dialled, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialled.Close(); accepted.Close() })
	return NewConn(accepted), dialled.(*net.TCPConn)
}

// inBubble runs f in a synctest bubble, with both ends of a net.Pipe.
func inBubble(t *testing.T, f func(t *testing.T, ours *Conn, theirs net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer a.Close()
		defer b.Close()
		f(t, NewConn(a), b)
	})
}

// wantTimeout checks that f fails because of a deadline, after exactly d.
func wantTimeout(t *testing.T, d time.Duration, what string, f func() error) {
	t.Helper()
	begin := time.Now()
	if err := f(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%s: %v, want a deadline", what, err)
	}
	if took := time.Since(begin); took != d {
		t.Errorf("%s took %v, want %v", what, took, d)
	}
}

func (c *Conn) readOne() error {
	_, err := c.Read(make([]byte, 1))
	return err
}

func (c *Conn) writeOne() error {
	_, err := c.Write([]byte{1})
	return err
}

func TestArmReadLimitsReads(t *testing.T) {
	inBubble(t, func(t *testing.T, ours *Conn, _ net.Conn) {
		for _, d := range []time.Duration{time.Second, time.Hour, time.Millisecond} {
			ours.ArmRead(d)
			wantTimeout(t, d, "read", ours.readOne)
		}
	})
}

func TestReadWithoutLimitWaitsUntilInterrupted(t *testing.T) {
	inBubble(t, func(t *testing.T, ours *Conn, _ net.Conn) {
		ours.ArmRead(time.Second)
		ours.ArmRead(0)
		time.AfterFunc(24*time.Hour, ours.Interrupt)
		wantTimeout(t, 24*time.Hour, "read", ours.readOne)
	})
}

func TestNothingIsArmedBeyondAnInterruption(t *testing.T) {
	inBubble(t, func(t *testing.T, ours *Conn, theirs net.Conn) {
		ours.Interrupt()
		for _, d := range []time.Duration{0, time.Hour} {
			ours.ArmRead(d)
			wantTimeout(t, 0, "read", ours.readOne)
		}
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		if err := ours.writeOne(); err != nil {
			t.Errorf("write after an interruption: %v", err)
		}
	})
}

func TestWritesAreLimited(t *testing.T) {
	inBubble(t, func(t *testing.T, ours *Conn, _ net.Conn) {
		wantTimeout(t, 10*time.Second, "write", ours.writeOne)
		wantTimeout(t, 10*time.Second, "second write", ours.writeOne)
	})
}

// A peer that reads slowly has time for any number of bytes.
func TestWriteGoesOnWhileThereIsProgress(t *testing.T) {
	inBubble(t, func(t *testing.T, ours *Conn, theirs net.Conn) {
		var peer sync.WaitGroup
		peer.Go(func() {
			for range 20 {
				time.Sleep(9 * time.Second)
				if _, err := io.ReadFull(theirs, make([]byte, writePiece)); err != nil {
					t.Errorf("the peer's read: %v", err)
				}
			}
		})
		begin := time.Now()
		if n, err := ours.Write(make([]byte, 20*writePiece)); err != nil || n != 20*writePiece {
			t.Errorf("wrote %d bytes in %v: %v", n, time.Since(begin), err)
		}
		sent := make([]byte, 60_000)
		for i := range sent {
			sent[i] = byte(i / 1000)
		}
		var got []byte
		peer.Go(func() { // slower than a piece in ten seconds
			for range 60 {
				time.Sleep(time.Second)
				part := make([]byte, 1000)
				if _, err := io.ReadFull(theirs, part); err != nil {
					t.Errorf("the slow peer's read: %v", err)
				}
				got = append(got, part...)
			}
		})
		if n, err := ours.Write(sent); err != nil {
			t.Errorf("to a slow peer: wrote %d bytes, %v", n, err)
		}
		peer.Wait()
		if !bytes.Equal(got, sent) {
			t.Error("the slow peer reads other bytes: a write began again")
		}
		wantTimeout(t, 10*time.Second, "write without progress", ours.writeOne)
	})
}

// After the end of EndWithin a write fails, also if the peer reads.
func TestProgressDoesNotMoveTheEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, ours *Conn, theirs net.Conn) {
		var peer sync.WaitGroup
		peer.Go(func() {
			for {
				time.Sleep(leastWrite / 2)
				if _, err := io.ReadFull(theirs, make([]byte, writePiece)); err != nil {
					return
				}
			}
		})
		ours.EndWithin(time.Second)
		wantTimeout(t, time.Second, "write", func() error {
			_, err := ours.Write(make([]byte, 1000*writePiece))
			return err
		})
		wantTimeout(t, leastWrite, "write beyond the end", func() error {
			_, err := ours.Write(make([]byte, 1000*writePiece))
			return err
		})
		ours.Close()
		peer.Wait()
	})
}

func TestEarlierEndStays(t *testing.T) {
	inBubble(t, func(t *testing.T, ours *Conn, _ net.Conn) {
		ours.EndWithin(time.Second)
		ours.EndWithin(time.Hour)
		wantTimeout(t, time.Second, "read", ours.readOne)
		ours.EndWithin(0)
		wantTimeout(t, 0, "read", ours.readOne)
	})
}

func TestEndWithinEndsAllWaiting(t *testing.T) {
	inBubble(t, func(t *testing.T, ours *Conn, _ net.Conn) {
		ours.EndWithin(time.Second)
		ours.ArmRead(0)
		wantTimeout(t, time.Second, "read without a limit", ours.readOne)
		wantTimeout(t, leastWrite, "write beyond the end", ours.writeOne)
		ours.ArmRead(time.Hour)
		wantTimeout(t, 0, "read beyond the end", ours.readOne)
	})
}

func TestEndWithinEndsTheWriteThatWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, ours *Conn, _ net.Conn) {
		time.AfterFunc(time.Second, func() { ours.EndWithin(200 * time.Millisecond) })
		wantTimeout(t, 1200*time.Millisecond, "write", ours.writeOne)
	})
}

func TestEndWithinLeavesAnInterruptionAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, ours *Conn, _ net.Conn) {
		ours.Interrupt()
		ours.EndWithin(time.Second)
		wantTimeout(t, 0, "read", ours.readOne)
	})
}

// A net.Pipe has no CloseWrite, so Drain only reads.
func TestDrainReadsUntilThePeerCloses(t *testing.T) {
	inBubble(t, func(t *testing.T, ours *Conn, theirs net.Conn) {
		ours.Interrupt()
		begin := time.Now()
		var peer sync.WaitGroup
		peer.Go(func() {
			for range 5 {
				time.Sleep(100 * time.Millisecond)
				if _, err := theirs.Write(make([]byte, 10_000)); err != nil {
					t.Errorf("the peer's write: %v", err)
				}
			}
			theirs.Close()
		})
		ours.Drain(time.Hour)
		if took := time.Since(begin); took != 500*time.Millisecond {
			t.Errorf("drained for %v, want until the peer has closed, 500ms", took)
		}
		peer.Wait()
	})
}

func TestDrainEnds(t *testing.T) {
	for _, tt := range []struct {
		name    string
		prepare func(*Conn)
		want    time.Duration
	}{
		{"after its own time", func(*Conn) {}, time.Second},
		{"at the end before it", func(c *Conn) { c.EndWithin(300 * time.Millisecond) }, 300 * time.Millisecond},
		{"at the end meanwhile", func(c *Conn) {
			time.AfterFunc(100*time.Millisecond, func() { c.EndWithin(300 * time.Millisecond) })
		}, 400 * time.Millisecond},
		// The goroutine that calls Interrupt may run late.
		{"not at an interruption meanwhile", func(c *Conn) {
			time.AfterFunc(100*time.Millisecond, c.Interrupt)
		}, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, ours *Conn, theirs net.Conn) {
				var peer sync.WaitGroup
				peer.Go(func() { // sends until the connection is closed
					for {
						if _, err := theirs.Write([]byte{1}); err != nil {
							return
						}
						time.Sleep(time.Millisecond)
					}
				})
				tt.prepare(ours)
				begin := time.Now()
				ours.Drain(time.Second)
				if took := time.Since(begin); took != tt.want {
					t.Errorf("drained for %v, want %v", took, tt.want)
				}
				ours.Close()
				peer.Wait()
			})
		})
	}
}

// The last bytes arrive, although the peer has sent bytes that were not read.
func TestDrainSavesTheLastBytes(t *testing.T) {
	ours, theirs := tcpPair(t)
	if _, err := theirs.Write(make([]byte, 100_000)); err != nil {
		t.Fatal(err)
	}
	ours.Interrupt()
	if _, err := ours.Write([]byte("last bytes")); err != nil {
		t.Fatal(err)
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		ours.Drain(10 * time.Second)
		ours.Close()
	}()
	got, err := io.ReadAll(theirs)
	if string(got) != "last bytes" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	theirs.Close()
	<-drained
}
