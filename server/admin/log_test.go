package admin

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// While a central waits for its log it says why. It shows the log before it is ready.
func TestLogWhileRecovering(t *testing.T) {
	r := serve(t, Options{Expected: 1})
	says := func(reason string) {
		t.Helper()
		if response, body := r.get(t, "/readyz", ""); response.StatusCode != http.StatusServiceUnavailable || !strings.HasPrefix(body, "recovering: fail: "+reason) {
			t.Errorf("/readyz gives %d and\n%s, want %q", response.StatusCode, body, reason)
		}
	}
	says(errRecovering.Error())
	r.Await(errors.New("nobody answers"))
	says("nobody answers\n")
	r.WatchLog(func() Log {
		return Log{Last: 9000, Folded: 1000, Leader: "nats2", Reachable: true, Answered: time.Now()}
	})
	says(errRecovering.Error())
	r.view(t).until(func(shown snapshot) bool {
		return shown.State == centralRecovering && shown.Log != nil && *shown.Log == logSnapshot{Last: 9000, Folded: 1000, Leader: "nats2", Reachable: true}
	})
}

// The metrics, the snapshots and the events show a log that answers, one that does not,
// and none.
func TestLog(t *testing.T) {
	s := New(Options{Expected: 1})
	source := &fakeSource{lottery: Lottery{Missing: 1}}
	s.Watch(source)
	shown := func() string {
		s.recorder.record(time.Now(), s.observe())
		encoded, _ := s.recorder.latest()
		return string(encoded)
	}
	if got := shown(); strings.Contains(got, `"log"`) {
		t.Errorf("without a log it shows %s", got)
	}
	answered := time.Date(2026, 11, 28, 12, 0, 5, 7, time.FixedZone("", -3*3600))
	log := Log{Last: 12, Folded: 10, Void: 3, Leader: "nats2", Behind: 1, Reachable: true, Answered: answered}
	s.WatchLog(func() Log { return log })
	check := func(want, event string, metrics ...string) {
		t.Helper()
		got := shown()
		if _, newest, _ := strings.Cut(got, `"events":[`); !strings.Contains(got, `"log":`+want+`,"rate"`) ||
			!strings.Contains(strings.Split(newest, "}")[0], `"text":"`+event+`"`) {
			t.Errorf("got %s\nwant %s, %s", got, want, event)
		}
		text := string(encodeMetrics(log.metrics()))
		for _, line := range metrics {
			if !strings.Contains(text, "\n"+line+"\n") {
				t.Errorf("no line %q in\n%s", line, text)
			}
		}
	}
	check(`{"last":12,"folded":10,"void":3,"leader":"nats2","behind":1,"reachable":true,"answered":null}`, "La central está lista",
		"lottery_log_last 12", "lottery_log_folded 10", "lottery_log_void_total 3", "lottery_log_reachable 1",
		"lottery_log_replicas_behind 1", `lottery_log_leader{server="nats2"} 1`)
	log.Reachable = false
	source.set(Lottery{Missing: 1}, errors.New("no quorum"))
	check(`{"last":12,"folded":10,"void":3,"leader":"nats2","behind":1,"reachable":false,"answered":"2026-11-28T15:00:05Z"}`,
		"El registro no responde: las agencias buscan otra central", "lottery_log_reachable 0")
	log.Reachable, log.Leader = true, "nats3"
	source.set(Lottery{Missing: 1}, nil)
	check(`{"last":12,"folded":10,"void":3,"leader":"nats3","behind":1,"reachable":true,"answered":null}`, "El registro cambió de líder: de nats2 a nats3")
	if got := shown(); !strings.Contains(got, "El registro volvió a responder") {
		t.Errorf("no event of the log that answers again in %s", got)
	}
	log = Log{} // before its first answer
	check(`{"last":0,"folded":0,"void":0,"leader":"","behind":0,"reachable":false,"answered":null}`, "El registro cambió de líder: de nats2 a nats3")
}
