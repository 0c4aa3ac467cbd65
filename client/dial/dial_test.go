package dial

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

var errRefused = errors.New("refused")

// starting returns a Connect that is refused until the server is up.
func starting(up time.Time, attempts *int) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		*attempts++
		if time.Now().Before(up) {
			return nil, errRefused
		}
		conn, _ := net.Pipe()
		return conn, nil
	}
}

func TestDialWaitsForServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		attempts, waits := 0, 0
		d := Dialer{Address: "a:1", Connect: starting(start.Add(20*time.Second), &attempts), Waiting: func(err error) {
			waits++
			if !errors.Is(err, errRefused) {
				t.Errorf("waiting because of %v", err)
			}
		}}
		conn, err := d.Dial(t.Context(), start.Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		if late := time.Since(start) - 20*time.Second; late > DefaultMost {
			t.Errorf("connected %v after the server was up", late)
		}
		// At least one pause per 2 s, and on average one per second.
		if attempts < 10 || attempts > 100 || waits != attempts-1 {
			t.Errorf("%d attempts in 20 s, of which %d reported", attempts, waits)
		}
	})
}

func TestDialGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, attempts := time.Now(), 0
		never := start.Add(time.Hour)
		d := Dialer{Address: "a:1", Connect: starting(never, &attempts)}
		if _, err := d.Dial(t.Context(), start.Add(10*time.Second)); !errors.Is(err, errRefused) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("gave up after %v", took)
		}
		attempts = 0
		d.Waiting = func(error) { t.Error("says that it waits, but does not") }
		if _, err := d.Dial(t.Context(), time.Now()); err == nil || attempts != 1 {
			t.Errorf("without time: %d attempts, %v", attempts, err)
		}
	})
}

func TestDialAttemptTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		d := Dialer{Address: "a:1", Timeout: time.Second, Connect: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done() // no answer at all
			return nil, ctx.Err()
		}}
		if _, err := d.Dial(t.Context(), start); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("attempt took %v", took)
		}
	})
}

func TestDialStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		start, attempts := time.Now(), 0
		time.AfterFunc(3*time.Second, cancel)
		d := Dialer{Address: "a:1", Connect: starting(start.Add(time.Hour), &attempts)}
		if _, err := d.Dial(ctx, start.Add(time.Minute)); err != context.Canceled {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("stopped after %v", took)
		}
	})
}

func TestDialReal(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := Dialer{Address: ln.Addr().String()}
	conn, err := d.Dial(t.Context(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	ln.Close()
	if _, err := d.Dial(t.Context(), time.Now()); err == nil {
		t.Error("connected to a closed listener")
	}
}

func TestBackoffGrowsAndResets(t *testing.T) {
	b := Backoff{Least: time.Millisecond, Most: 8 * time.Millisecond}
	for range 3 {
		for _, bound := range []time.Duration{1, 2, 4, 8, 8, 8} {
			if d := b.next(); d <= 0 || d > bound*time.Millisecond {
				t.Errorf("pause of %v, want up to %dms", d, bound)
			}
		}
		b.Reset()
	}
}
