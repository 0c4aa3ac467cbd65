package deadline

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// impatient is a layer that limits its own writes and reads, as TLS does.
type impatient struct{ net.Conn }

func (l impatient) Write(p []byte) (int, error) {
	_ = l.SetWriteDeadline(past)
	_ = l.SetDeadline(past)
	return l.Conn.Write(p)
}

func (l impatient) Read(p []byte) (int, error) {
	_ = l.SetReadDeadline(past)
	return l.Conn.Read(p)
}

// What goes through a layer has the limits of Conn, and not the layer's own.
func TestLayerHasNoLimitsOfItsOwn(t *testing.T) {
	inBubble(t, func(t *testing.T, ours *Conn, theirs net.Conn) {
		ours.SetLayer(impatient{ours.Below()})
		var peer sync.WaitGroup
		peer.Go(func() {
			for range 20 {
				time.Sleep(9 * time.Second)
				if _, err := io.ReadFull(theirs, make([]byte, 1)); err != nil {
					t.Errorf("the peer's read: %v", err)
				}
			}
		})
		if n, err := ours.Write(make([]byte, 20)); err != nil || n != 20 {
			t.Errorf("wrote %d bytes: %v", n, err)
		}
		peer.Wait()
		wantTimeout(t, 10*time.Second, "write", ours.writeOne)
		ours.ArmRead(time.Hour)
		wantTimeout(t, time.Hour, "read", ours.readOne)
		ours.Interrupt()
		wantTimeout(t, 0, "read", ours.readOne)
	})
}

// refusing is a layer that must not be used.
type refusing struct{ t *testing.T }

func (l refusing) Read([]byte) (int, error)  { l.t.Error("read"); return 0, io.EOF }
func (l refusing) Write([]byte) (int, error) { l.t.Error("write"); return 0, io.EOF }

// What is dropped is not read through the layer: it costs nothing, and need not be
// what the layer understands.
func TestDrainPassesTheLayer(t *testing.T) {
	inBubble(t, func(t *testing.T, ours *Conn, theirs net.Conn) {
		ours.SetLayer(refusing{t})
		go func() {
			_, _ = theirs.Write(make([]byte, 10))
			theirs.Close()
		}()
		begin := time.Now()
		ours.Drain(time.Second)
		if took := time.Since(begin); took != 0 {
			t.Errorf("took %v", took)
		}
	})
}
