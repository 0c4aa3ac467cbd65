package jetstream

import (
	"errors"
	"testing"
	"time"

	js "github.com/nats-io/nats.go/jetstream"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver/natsservertest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica"
)

// Without a quorum an answer does not count, whoever gives it.
func TestStatusOf(t *testing.T) {
	current := &js.PeerInfo{Current: true, Active: time.Second}
	behind := &js.PeerInfo{Active: time.Second, Lag: 7}
	silent := &js.PeerInfo{Current: true, Active: silentAfter + 1}
	offline := &js.PeerInfo{Offline: true}
	unheard := &js.PeerInfo{}
	for _, tt := range []struct {
		name        string
		leader      string
		first, last *js.PeerInfo
		behind      int
		answers     bool
	}{
		{"all are well", "nats1", current, current, 0, true},
		{"one is behind", "nats1", current, behind, 1, true},
		{"one is silent", "nats1", silent, current, 0, true},
		{"one is off", "nats1", offline, current, 1, true},
		{"the leader is new", "nats1", current, unheard, 1, true},
		{"both are silent", "nats1", silent, silent, 0, false},
		{"one is silent, one is off", "nats1", silent, offline, 0, false},
		{"there is no leader", "", current, current, 0, false},
	} {
		info := &js.StreamInfo{State: js.StreamState{LastSeq: 9}, Cluster: &js.ClusterInfo{Leader: tt.leader, Replicas: []*js.PeerInfo{tt.first, tt.last}}}
		got, err := statusOf(info)
		want := replica.Status{Last: 9, Leader: tt.leader, Behind: tt.behind}
		if (err == nil) != tt.answers || err == nil && got != want {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
	}
}

// When the leader has not answered for long, the connection moves to another NATS server.
func TestMovesToAnotherServer(t *testing.T) {
	l := open(t, natsservertest.Start(t), 1)
	insist(t, "append", func() error { return <-l.Append(&replica.Claim{Agency: 1, Nonce: "a"}) }) // it has begun
	connected := l.connection.ConnectedServerName
	first, failure := connected(), errors.New("no answer")
	l.heard(failure)
	if now := connected(); now != first {
		t.Errorf("has moved at once from %s to %q", first, now)
	}
	for _, answer := range []func() error{
		func() error { return <-l.Append(&replica.Claim{Agency: 1, Nonce: "b"}) },
		func() error { _, err := l.Status(t.Context()); return err },
	} {
		insist(t, "answer", func() error {
			l.since = time.Now().Add(-moveAfter)
			return answer()
		})
		first = connected() // it moves when there is no answer
		l.heard(failure)
		if now := connected(); now != first {
			t.Errorf("has moved after an answer, from %s to %q", first, now)
		}
	}
	l.since = time.Now().Add(-moveAfter)
	l.heard(failure)
	if time.Since(l.since) > moveAfter {
		t.Error("moves again at once")
	}
	insist(t, "append", func() error { return <-l.Append(&replica.Claim{Agency: 1, Nonce: "c"}) })
	if now := connected(); now == first {
		t.Errorf("has not moved from %s", first)
	}
}
