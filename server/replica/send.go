package replica

import (
	"context"
	"time"
)

const (
	// maxInFlight is how many entries of bets may wait for the log at once. Four
	// hide the time that it takes; more would only fill the broker's queues.
	maxInFlight = 4

	// pause is the time after which an entry that the log has refused is appended
	// again.
	pause = 100 * time.Millisecond
)

// flight is a group that was appended and is not settled.
type flight struct {
	group        *group
	entry        *Bets
	acked        <-chan error // of the last time that it was appended; nil after its answer
	first        <-chan error // of an earlier time that has no answer yet; else nil
	acknowledged bool
}

// sender appends the groups, in order, and at most four before the first is settled
// (Go-Back-N): if the oldest is not settled in time, it and all after it are appended
// again, for those after it have left a gap. The fold ignores what it has already.
type sender struct {
	central *Central
	flights []*flight
	since   time.Time   // when the oldest became the oldest
	again   *time.Timer // runs out when the oldest is to be appended again
}

// send appends what sessions queue until ctx ends.
func (c *Central) send(ctx context.Context) {
	s := &sender{central: c, again: time.NewTimer(silence)}
	defer s.again.Stop()
	for {
		s.fill()
		var filled <-chan struct{} // nil while no more may be in flight
		if len(s.flights) < maxInFlight {
			filled = c.queue.filled
		}
		var acked, first <-chan error
		if len(s.flights) > 0 {
			acked, first = s.flights[0].acked, s.flights[0].first
		}
		select {
		case <-filled:
		case err := <-acked:
			s.answered(err)
		case err := <-first:
			s.flights[0].first = nil
			s.flights[0].acknowledged = s.flights[0].acknowledged || err == nil
		case <-c.folded:
		case <-s.again.C:
			s.goBack()
		case <-ctx.Done():
			return
		}
		s.settle()
	}
}

// fill appends the group that is filling, if another may be in flight.
func (s *sender) fill() {
	for len(s.flights) < maxInFlight {
		g := s.central.take()
		if g == nil {
			return
		}
		f := &flight{group: g, entry: g.entry(s.central.id)}
		f.acked = s.central.log.Append(f.entry)
		if s.flights = append(s.flights, f); len(s.flights) == 1 {
			s.waitForOldest()
		}
	}
}

// answered notes the log's answer to the oldest entry.
func (s *sender) answered(err error) {
	oldest := s.flights[0]
	oldest.acked = nil
	if err != nil {
		s.again.Reset(pause)
		return
	}
	oldest.acknowledged = true
}

// settle takes the oldest groups off that are settled.
func (s *sender) settle() {
	for len(s.flights) > 0 && s.central.settle(s.flights[0].group, s.flights[0].acknowledged) {
		s.flights = s.flights[1:]
		s.waitForOldest()
	}
}

func (s *sender) waitForOldest() {
	s.since = time.Now()
	s.again.Reset(silence)
}

// goBack appends all that is in flight again. If the oldest has waited for too long,
// it gives up all sessions.
func (s *sender) goBack() {
	if len(s.flights) == 0 {
		return
	}
	if time.Since(s.since) > patience {
		s.central.mu.Lock()
		s.central.lose()
		s.central.mu.Unlock()
		return
	}
	for _, f := range s.flights {
		f.acknowledged = false
		if f.first == nil { // a log that is slow answers it before it answers the copy
			f.first = f.acked
		}
		f.acked = s.central.log.Append(f.entry)
	}
	s.again.Reset(silence)
}

// saveCheckpoints saves those that are due, until ctx ends. One that cannot be saved
// is no harm: the next central folds a little more.
func (c *Central) saveCheckpoints(ctx context.Context) {
	for {
		select {
		case text := <-c.due:
			saving, cancel := context.WithTimeout(ctx, patience)
			_ = c.log.SaveCheckpoint(saving, text)
			cancel()
		case <-ctx.Done():
			return
		}
	}
}
