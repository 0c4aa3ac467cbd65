package embedded_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/embedded"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
)

const twoWinners = "1,Ana,Paz,1,1999-03-17,7574\r\n2,Ana,Paz,2,1999-03-17,7574\r\n2,Ana,Paz,3,1999-03-17,7574\r\n2,Ana,Paz,4,1999-03-17,1\r\n"

// The overview counts every agency, and tells of winners only after the release.
func TestOverview(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	if err := os.WriteFile(path, []byte(twoWinners), 0o644); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		bets, err := store.Open(t.Context(), path, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer bets.Close()
		d := draw.New(bets, draw.Options{Agencies: 3, PublishDelay: time.Hour})
		c := embedded.New(bets, d)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go d.Run(ctx)
		check := func(what string, missing int, drawn bool, agencies ...central.Progress) {
			t.Helper()
			synctest.Wait()
			got := c.Overview()
			if got.Missing != missing || got.Drawn != drawn || !slices.Equal(got.Agencies, agencies) {
				t.Errorf("%s: %+v", what, got)
			}
		}
		first, second, third := central.Progress{ID: 1, Stored: 1}, central.Progress{ID: 2, Stored: 3}, central.Progress{ID: 3}
		check("recovered", 3, false, first, second, third)
		for _, a := range []*central.Progress{&first, &second, &third} {
			session, err := c.Claim(ctx, a.ID, 1, func() {})
			if err != nil {
				t.Fatal(err)
			}
			if err := session.Finish(a.Stored, func(int) {}); err != nil {
				t.Fatal(err)
			}
			session.Release()
			a.Finished = true
		}
		check("before the release", 0, false, first, second, third)
		time.Sleep(time.Hour)
		first.Winners, second.Winners = 1, 2
		check("after the release", 0, true, first, second, third)
	})
}

// Without a draw, the agencies of which bets are stored show.
func TestOverviewWithoutADraw(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	if err := os.WriteFile(path, []byte(twoWinners), 0o644); err != nil {
		t.Fatal(err)
	}
	bets, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer bets.Close()
	got := embedded.New(bets, draw.New(bets, draw.Options{})).Overview()
	if want := []central.Progress{{ID: 1, Stored: 1}, {ID: 2, Stored: 3}}; !slices.Equal(got.Agencies, want) || got.Drawn {
		t.Errorf("%+v", got)
	}
}

// An overview stays small where the draw waits for more agencies than could ever be.
func TestOverviewOfTooManyAgencies(t *testing.T) {
	const far = 2_000_000_000
	path := filepath.Join(t.TempDir(), "bets.csv")
	if err := os.WriteFile(path, []byte("2000000000,Ana,Paz,1,1999-03-17,7574\r\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	bets, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer bets.Close()
	got := embedded.New(bets, draw.New(bets, draw.Options{Agencies: math.MaxInt32})).Overview()
	if n := len(got.Agencies); n != 4097 || got.Missing != math.MaxInt32 || got.Agencies[0].ID != 1 || got.Agencies[n-1] != (central.Progress{ID: far, Stored: 1}) {
		t.Errorf("%d agencies, the last is %+v, %d are missing", n, got.Agencies[n-1], got.Missing)
	}
}
