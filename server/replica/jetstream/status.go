package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	js "github.com/nats-io/nats.go/jetstream"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica"
)

// silentAfter is how long a replica of the log may say nothing to the leader, which
// asks each once a second.
const silentAfter = 3 * time.Second

// moveAfter is how long the log may go without a sound answer of its leader; then the
// connection moves to the next NATS server.
const moveAfter = 5 * time.Second

// Status implements replica.Log. Without a quorum the leader still answers for some ten
// seconds, and after that a server without a leader answers. Both answers are errors.
func (l *Log) Status(ctx context.Context) (status replica.Status, err error) {
	stream, err := l.stream.Stream(ctx, StreamName)
	if err == nil {
		status, err = statusOf(stream.CachedInfo()) // of this very request
	}
	l.heard(err)
	return status, err
}

// heard notes that the leader has answered, or why it has not. A NATS server that is cut from
// the others serves its connections as before, but it reaches no leader, or was the
// leader. So after moveAfter the connection moves to the next server, which may be on the
// other side of the cut.
func (l *Log) heard(failure error) {
	l.hearing.Lock()
	defer l.hearing.Unlock()
	switch {
	case failure == nil:
		l.since = time.Now()
	case time.Since(l.since) > moveAfter && l.connection.IsConnected():
		l.since = time.Now()
		_ = l.connection.ForceReconnect() // fails if it is closed
	}
}

func statusOf(info *js.StreamInfo) (replica.Status, error) {
	status := replica.Status{Last: info.State.LastSeq}
	if info.Cluster == nil { // a single server
		return status, nil
	}
	status.Leader = info.Cluster.Leader
	silent := 0
	for _, peer := range info.Cluster.Replicas {
		if !peer.Current || peer.Offline {
			status.Behind++
		}
		if peer.Offline || peer.Active > silentAfter {
			silent++
		}
	}
	switch {
	case status.Leader == "":
		return replica.Status{}, errors.New("the log has no leader")
	case silent > len(info.Cluster.Replicas)/2:
		return replica.Status{}, fmt.Errorf("%d of %d replicas of the log are silent", silent, len(info.Cluster.Replicas)+1)
	}
	return status, nil
}
