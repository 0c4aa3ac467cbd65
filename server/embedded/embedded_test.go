package embedded_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central/centraltest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/embedded"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
)

// open returns a central on files of its own. The test fails if they cannot be closed.
func open(t *testing.T, agencies int) central.Central {
	bets, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "bets.csv"), store.Options{Agencies: agencies})
	if err != nil {
		t.Fatal(err)
	}
	c := embedded.New(bets, draw.New(bets, draw.Options{Agencies: agencies}))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { c.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		if err := bets.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestConformance(t *testing.T) { centraltest.Run(t, open) }

// A session that gives up waiting for the one before does not let the next one pass:
// that waits until the first is released.
func TestClaimThatGivesUp(t *testing.T) {
	c := open(t, 1)
	told := make(chan struct{})
	first, err := c.Claim(t.Context(), 1, 1, func() { close(told) })
	if err != nil {
		t.Fatal(err)
	}
	reason := errors.New("given up")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	if _, err := c.Claim(ctx, 1, 2, func() {}); !errors.Is(err, reason) {
		t.Fatalf("the second: %v", err)
	}
	select {
	case <-told:
	default:
		t.Fatal("the first was not told")
	}
	waiting, cancelWaiting := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancelWaiting()
	if _, err := c.Claim(waiting, 1, 3, func() {}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("the third did not wait for the first: %v", err)
	}
	first.Release()
	last, err := c.Claim(t.Context(), 1, 4, func() { t.Error("the last is superseded") })
	if err != nil {
		t.Fatal(err)
	}
	last.Release()
}

// The storage's errors reach the session as they are; none of them is a commit.
func TestStoreThatIsClosed(t *testing.T) {
	bets, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "bets.csv"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := embedded.New(bets, draw.New(bets, draw.Options{Agencies: 1}))
	session, err := c.Claim(t.Context(), 1, 1, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Release()
	if err := bets.Close(); err != nil {
		t.Fatal(err)
	}
	if commit, err := session.StoreBets(0, nil, nil); !errors.Is(err, store.ErrClosed) || commit != nil {
		t.Errorf("got %v and error %v", commit, err)
	}
	if err := session.Finish(0, func(int) {}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("finish: %v", err)
	}
}
