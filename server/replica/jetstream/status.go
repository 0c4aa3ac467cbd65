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

// Status implements replica.Log. Without a quorum the leader still answers for some ten
// seconds, and after that a server without a leader answers. Both answers are errors.
func (l *Log) Status(ctx context.Context) (replica.Status, error) {
	stream, err := l.stream.Stream(ctx, StreamName)
	if err != nil {
		return replica.Status{}, err
	}
	return statusOf(stream.CachedInfo()) // of this very request
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
