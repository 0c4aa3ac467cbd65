package cluster

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
)

// tally counts what the centrals log as stored.
type tally struct {
	half    int
	reached chan struct{}          // closed when half of the bets are stored
	observe func(agency, bets int) // may be nil

	mu     sync.Mutex // guards what follows; observe is called with it
	stored [Centrals]int
	sum    int
	last   time.Time // when a batch was stored last; zero before watchPauses
	pause  time.Duration
}

// read counts a line of a central's log.
func (t *tally) read(central int, line string) {
	agency, bets, ok := ParseStored(line)
	if !ok {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := time.Now(); !t.last.IsZero() {
		t.pause, t.last = max(t.pause, now.Sub(t.last)), now
	}
	before := t.sum
	t.stored[central] += bets
	t.sum += bets
	if before < t.half && t.sum >= t.half {
		close(t.reached)
	}
	if t.observe != nil {
		t.observe(agency, bets)
	}
}

func (t *tally) busiest() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Index(t.stored[:], slices.Max(t.stored[:]))
}

func (t *tally) watchPauses() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = time.Now()
}

func (t *tally) longestPause() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pause
}

var (
	storedLine = regexp.MustCompile(`action: apuesta_recibida \| result: success \| cantidad: (\d+) \| agencia: (\d+)`)
	drawnLine  = regexp.MustCompile(`action: sorteo \| result: success \| apuestas: (\d+)`)
)

// AwaitListening waits until agencies can connect to a central, as its log says.
func AwaitListening(ctx context.Context, central *process.Process) error {
	_, err := central.WaitLines(ctx, "action: accept_connections | result: in_progress", 1)
	return err
}

// ParseStored reads a central's line about a stored batch.
func ParseStored(line string) (agency, bets int, ok bool) {
	match := storedLine.FindStringSubmatch(line)
	if match == nil {
		return 0, 0, false
	}
	bets, betsErr := strconv.Atoi(match[1])
	agency, agencyErr := strconv.Atoi(match[2])
	return agency, bets, betsErr == nil && agencyErr == nil
}
