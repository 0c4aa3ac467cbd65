package replica

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// The central that is first to draw dies at each step of it. The agency gets its winners
// from the other one, and so it does from one that starts later.
func TestDeathAtTheDraw(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fate  outcome       // of the first draw that is appended
		after time.Duration // from then to the death
	}{
		{"before the log has the draw", lost, 0},
		{"while the log stores it", outcome{copies: 1, after: time.Second, answered: -1}, 0},
		{"when the log has it", unheard, 0},
		{"before the release", stored, time.Second},
		{"after the release", stored, 2 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := newMemoryLog(reliable)
				announced := make(map[string]DrawnBy) // by central
				boot := func() (*Central, context.CancelFunc) {
					var c *Central
					c = New(log, Options{Agencies: 1, PublishDelay: time.Minute, Announce: func(how DrawnBy, bets uint64, winners int) {
						log.set(func() { announced[c.id] = how })
						if bets != 20 || winners != 2 {
							t.Errorf("drawn among %d bets with %d winners", bets, winners)
						}
					}})
					ctx, kill := context.WithCancel(t.Context())
					go func() {
						if err := c.Run(ctx); err != nil {
							t.Error(err)
						}
					}()
					<-c.Ready()
					return c, kill
				}
				first, killFirst := boot()
				second, killSecond := boot()
				defer killFirst()
				defer killSecond()
				author, seen := make(chan string, 1), false
				log.set(func() {
					log.fate = func(e Entry) outcome {
						if d, ok := e.(*Draw); ok && !seen {
							seen = true
							author <- d.Author
							return tt.fate
						}
						return stored
					}
				})
				s, _ := claimed(t, first, 1, 1)
				if err := queued(t, s, 1, 0, 20).Wait(); err != nil {
					t.Fatal(err)
				}
				if err := s.Finish(20, func(int) {}); err != nil {
					t.Fatal(err)
				}
				s.Release()
				dead := <-author
				time.Sleep(tt.after) // simulated
				alive := second
				if dead == first.id {
					killFirst()
				} else {
					killSecond()
					alive = first
				}
				late, killLate := boot()
				defer killLate()
				for _, c := range []*Central{alive, late} {
					synctest.Wait() // each has folded the other's claim
					s, _ := claimed(t, c, 1, 2)
					if got, err := s.Winners(t.Context()); err != nil || !slices.Equal(got, []string{"3", "13"}) {
						t.Errorf("winners %q, %v", got, err)
					}
				}
				log.set(func() {
					delete(announced, dead)
					if how := announced[alive.id]; how == Before || len(announced) != 2 || announced[late.id] == ThisCentral && how == ThisCentral {
						t.Errorf("announced: %v", announced)
					}
				})
			})
		})
	}
}
