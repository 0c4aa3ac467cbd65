package retry

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var errRefused = errors.New("refused")

func always(error) bool { return true }

// starting fails until the server is up.
func starting(up time.Time, attempts *int) func(context.Context) error {
	return func(context.Context) error {
		*attempts++
		if time.Now().Before(up) {
			return errRefused
		}
		return nil
	}
}

func TestLoopWaitsForServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, attempts, failures := time.Now(), 0, 0
		loop := NewLoop(time.Minute, always, func(err error) {
			failures++
			if !errors.Is(err, errRefused) {
				t.Errorf("failed with %v", err)
			}
		})
		if err := loop.Run(t.Context(), starting(start.Add(20*time.Second), &attempts)); err != nil {
			t.Fatal(err)
		}
		if late := time.Since(start) - 20*time.Second; late > mostPause {
			t.Errorf("connected %v after the server was up", late)
		}
		// At least one pause per 2 s, and on average one per second.
		if attempts < 10 || attempts > 100 || failures != attempts-1 {
			t.Errorf("%d attempts in 20 s, of which %d reported", attempts, failures)
		}
	})
}

func TestLoopGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, attempts := time.Now(), 0
		never := start.Add(time.Hour)
		loop := NewLoop(10*time.Second, always, func(error) {})
		err := loop.Run(t.Context(), starting(never, &attempts))
		if !errors.Is(err, errRefused) || !strings.Contains(err.Error(), "no progress for 10s") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("gave up after %v", took)
		}
		attempts = 0
		loop = NewLoop(0, always, func(error) { t.Error("says that it tries again, but does not") })
		if err := loop.Run(t.Context(), starting(never, &attempts)); err != errRefused || attempts != 1 {
			t.Errorf("without time: %d attempts, %v", attempts, err)
		}
	})
}

func TestLoopEndsAtWhatIsFinal(t *testing.T) {
	attempts := 0
	loop := NewLoop(time.Minute, func(error) bool { return false }, func(error) { t.Error("says that it tries again") })
	if err := loop.Run(t.Context(), starting(time.Now().Add(time.Hour), &attempts)); err != errRefused || attempts != 1 {
		t.Errorf("%d attempts, %v", attempts, err)
	}
}

// The deadline ends an attempt that waits for ever. The error is that of the attempt
// before, which has the reason.
func TestLoopEndsAnAttempt(t *testing.T) {
	for _, before := range []int{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			start, attempts := time.Now(), 0
			loop := NewLoop(10*time.Second, always, func(error) {})
			err := loop.Run(t.Context(), func(ctx context.Context) error {
				if attempts++; attempts <= before {
					return errRefused
				}
				<-ctx.Done()
				return errors.New("cut off")
			})
			want := map[int]string{0: "cut off", 1: "refused"}[before]
			if err == nil || err.Error() != "no progress for 10s: "+want || time.Since(start) != 10*time.Second {
				t.Errorf("after %v: %v", time.Since(start), err)
			}
		})
	}
}

func TestLoopStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		start, attempts := time.Now(), 0
		time.AfterFunc(3*time.Second, cancel)
		loop := NewLoop(time.Minute, always, func(error) {})
		if err := loop.Run(ctx, starting(start.Add(time.Hour), &attempts)); err != context.Canceled {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("stopped after %v", took)
		}
	})
}

// The deadline counts from the last Reset. The time between Suspend and Resume does not
// count.
func TestLoopCountsFromReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		loop := NewLoop(10*time.Second, always, func(error) {})
		err := loop.Run(t.Context(), func(ctx context.Context) error {
			time.Sleep(9 * time.Second)
			loop.Reset() // ends at 19 s
			time.Sleep(4 * time.Second)
			loop.Suspend() // 6 s are left
			loop.Suspend()
			time.Sleep(time.Hour)
			loop.Resume()
			<-ctx.Done()
			return errRefused
		})
		if took, want := time.Since(start), time.Hour+19*time.Second; !errors.Is(err, errRefused) || took != want {
			t.Errorf("%v after %v, want after %v", err, took, want)
		}
	})
}

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reason := errors.New("stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		start := time.Now()
		if err := Pause(ctx, time.Second); err != nil || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		time.AfterFunc(time.Second, func() { cancel(reason) })
		if err := Pause(ctx, time.Hour); err != reason || time.Since(start) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestBackoffGrowsAndResets(t *testing.T) {
	b := Backoff{Least: time.Millisecond, Most: 8 * time.Millisecond}
	for range 3 {
		for _, bound := range []time.Duration{1, 2, 4, 8, 8, 8} {
			if d := b.Next(); d <= 0 || d > bound*time.Millisecond {
				t.Errorf("pause of %v, want up to %dms", d, bound)
			}
		}
		b.Reset()
	}
}
