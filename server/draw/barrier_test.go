package draw

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

func (b *Barrier) open() bool {
	select {
	case <-b.Done():
		return true
	default:
		return false
	}
}

func TestBarrier(t *testing.T) {
	for _, tt := range []struct {
		name    string
		size    int
		arrive  []lottery.AgencyID
		missing int
	}{
		{"nobody came", 2, nil, 2},
		{"one of two", 2, []lottery.AgencyID{2}, 1},
		{"all, in any order", 3, []lottery.AgencyID{3, 1, 2}, 0},
		{"one is enough for one", 1, []lottery.AgencyID{1}, 0},
		{"the same one again is not another", 2, []lottery.AgencyID{1, 1, 1}, 1},
		{"repeats after the opening", 2, []lottery.AgencyID{1, 2, 2, 1}, 0},
		{"who is not expected does not count", 2, []lottery.AgencyID{0, 3, 4_294_967_295, 1}, 1},
		{"and does no harm after the opening", 1, []lottery.AgencyID{1, 2, 0}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := NewBarrier(tt.size)
			for _, id := range tt.arrive {
				b.Arrive(id)
			}
			if got := b.Missing(); got != tt.missing {
				t.Errorf("missing: %d, want %d", got, tt.missing)
			}
			if b.open() != (tt.missing == 0) {
				t.Errorf("open: %t with %d missing", b.open(), tt.missing)
			}
		})
	}
}

func TestBarrierForNobodyNeverOpens(t *testing.T) {
	b := NewBarrier(0)
	for _, id := range []lottery.AgencyID{0, 1, 2} {
		b.Arrive(id)
		if b.Expects(id) {
			t.Errorf("agency %d is expected", id)
		}
	}
	if b.open() || b.Missing() != 0 {
		t.Errorf("open: %t, missing: %d", b.open(), b.Missing())
	}
}

func TestBarrierExpects(t *testing.T) {
	b := NewBarrier(5)
	for id, want := range map[lottery.AgencyID]bool{0: false, 1: true, 5: true, 6: false, 1 << 31: false} {
		if b.Expects(id) != want {
			t.Errorf("Expects(%d) = %t", id, !want)
		}
	}
}

// All arrive at once, several times each, while others wait.
func TestBarrierOfManyGoroutines(t *testing.T) {
	const size, times = 200, 3
	b := NewBarrier(size)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			<-b.Done()
			if b.Missing() != 0 {
				t.Error("open before all have arrived")
			}
		})
	}
	for range times {
		for _, i := range rand.Perm(size) {
			wg.Go(func() { b.Arrive(lottery.AgencyID(i + 1)) })
		}
	}
	wg.Wait()
}
