package jetstream

import (
	"testing"
	"time"

	js "github.com/nats-io/nats.go/jetstream"

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
