package admin

import (
	"fmt"
	"time"
)

// Log is what a replicated central knows of the log that it shares with the others.
type Log struct {
	Last      uint64    // the last entry of the log, as its leader said
	Folded    uint64    // the entry that the central has folded last
	Void      uint64    // how many entries and segments had no effect, such as copies
	Leader    string    // the server that leads the log
	Behind    int       // how many replicas are not up to date
	Reachable bool      // the leader answers; if not, the quorum is lost or the central is cut off
	Answered  time.Time // when the leader answered last
}

// WatchLog tells the server from where it learns the state of the log. It shows the log
// before the central is ready, too. The function may be called by any goroutine, and
// returns soon.
func (s *Server) WatchLog(log func() Log) {
	s.log.Store(&log)
	s.Collect(func() []Metric { return log().metrics() })
}

func (l Log) metrics() []Metric {
	return []Metric{
		NewMetric(Gauge, "lottery_log_last", "Last entry of the log, as its leader said.", float64(l.Last)),
		NewMetric(Gauge, "lottery_log_folded", "Entry of the log that this central has folded last.", float64(l.Folded)),
		NewMetric(Counter, "lottery_log_void_total", "Entries and segments of the log without effect, such as copies.", float64(l.Void)),
		NewMetric(Gauge, "lottery_log_reachable", "1 while the leader of the log answers, 0 when the quorum is lost.", oneIf(l.Reachable)),
		NewMetric(Gauge, "lottery_log_replicas_behind", "Replicas of the log that are not up to date.", float64(l.Behind)),
		NewVector(Gauge, "lottery_log_leader", "The NATS server that leads the log.", "server", map[string]int64{l.Leader: 1}),
	}
}

// logSnapshot is the log's part of a snapshot. Answered is null while the log is
// reachable, else there would be another snapshot each second of a quiet lottery, and
// before the first answer.
type logSnapshot struct {
	Last      uint64     `json:"last"`
	Folded    uint64     `json:"folded"`
	Void      uint64     `json:"void"`
	Leader    string     `json:"leader"`
	Behind    int        `json:"behind"`
	Reachable bool       `json:"reachable"`
	Answered  *time.Time `json:"answered"` // with whole seconds
}

// happened tells, in Spanish, what has happened to the log, if anything. Both may be nil.
func (l *Log) happened(before *Log) string {
	if l == nil || before == nil || before.Leader == "" || l.Leader == "" || l.Leader == before.Leader {
		return ""
	}
	return fmt.Sprintf("El registro cambió de líder: de %s a %s", before.Leader, l.Leader)
}

// snapshot returns nil without a log.
func (l *Log) snapshot() *logSnapshot {
	if l == nil {
		return nil
	}
	shown := &logSnapshot{Last: l.Last, Folded: l.Folded, Void: l.Void, Leader: l.Leader, Behind: l.Behind, Reachable: l.Reachable}
	if !l.Reachable && !l.Answered.IsZero() {
		answered := l.Answered.UTC().Truncate(time.Second)
		shown.Answered = &answered
	}
	return shown
}
