package cluster

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func line(agency, bets int) string {
	return fmt.Sprintf("2024-08-21 22:11:15 INFO     action: apuesta_recibida | result: success | cantidad: %d | agencia: %d", bets, agency)
}

func TestParseStored(t *testing.T) {
	if agency, bets, ok := ParseStored(line(12, 88)); agency != 12 || bets != 88 || !ok {
		t.Errorf("read %d %d %v", agency, bets, ok)
	}
	failed := "2024-08-21 22:11:15 ERROR    action: apuesta_recibida | result: fail | cantidad: 88 | agencia: 1"
	if _, _, ok := ParseStored(failed); ok {
		t.Error("took a failure for a success")
	}
}

func TestTally(t *testing.T) {
	seen := 0
	c := tally{half: 5, reached: make(chan struct{}), observe: func(_, bets int) { seen += bets }}
	reached := func() bool {
		select {
		case <-c.reached:
			return true
		default:
			return false
		}
	}
	c.read(0, line(1, 1))
	c.read(2, line(2, 3))
	if c.read(1, "2024-08-21 22:11:15 INFO     action: saludo | result: success"); reached() || seen != 4 {
		t.Errorf("half is reached: %v, with %d bets", reached(), seen)
	}
	c.read(1, line(1, 1))
	if !reached() || c.busiest() != 2 {
		t.Errorf("half is reached: %v; central %d is the busiest", reached(), c.busiest())
	}
	c.read(1, line(1, 5)) // no panic: half was reached before
	if c.busiest() != 1 || seen != 10 {
		t.Errorf("central %d is the busiest, %d bets were seen", c.busiest(), seen)
	}
}

func TestPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := tally{reached: make(chan struct{})}
		c.read(0, line(1, 1))
		time.Sleep(time.Hour)
		c.read(0, line(1, 1))
		if c.longestPause() != 0 {
			t.Errorf("a pause of %v before it watches", c.longestPause())
		}
		c.watchPauses()
		for _, pause := range []time.Duration{2, 7, 3} {
			time.Sleep(pause * time.Second)
			c.read(1, line(1, 1))
		}
		if c.longestPause() != 7*time.Second {
			t.Errorf("the longest pause is %v", c.longestPause())
		}
	})
}
