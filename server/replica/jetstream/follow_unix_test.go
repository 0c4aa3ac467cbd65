//go:build unix

package jetstream

import (
	"errors"
	"slices"
	"syscall"
	"testing"
	"time"

	js "github.com/nats-io/nats.go/jetstream"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver/natsservertest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica"
)

// A NATS server dies with an entry that was on its way to a follower. The follower gets the
// entry all the same, though none comes after it that would show what is missing.
func TestFollowLosesNothingWithAServer(t *testing.T) {
	cluster := natsservertest.Start(t)
	l := open(t, cluster, 1)
	insist(t, "connect to a server that does not lead the log", func() error {
		status, err := l.Status(t.Context())
		if err == nil && l.connection.ConnectedServerName() == status.Leader {
			err = errors.Join(errors.New("it leads the log"), l.connection.ForceReconnect())
		}
		return err
	})
	dies := cluster.Named(l.connection.ConnectedServerName())
	elsewhere := options(cluster, 1)
	elsewhere.Servers = slices.DeleteFunc(elsewhere.Servers, func(url string) bool { return url == dies.URL })
	other, err := Open(t.Context(), elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	insist(t, "append", func() error { return <-other.Append(&replica.Claim{Agency: 1, Nonce: "a"}) })
	stream, err := other.stream.Stream(t.Context(), StreamName)
	if err != nil {
		t.Fatal(err)
	}

	var followers []chan uint64   // what each gets
	var consumer *js.ConsumerInfo // of one of them; another server has it
	for consumer == nil {
		followed := make(chan uint64, 10)
		followers = append(followers, followed)
		go func() {
			for next := range l.Follow(t.Context(), 0) {
				followed <- next.Sequence
			}
		}()
		<-followed
		insist(t, "list the consumers", func() error {
			consumers := stream.ListConsumers(t.Context())
			for info := range consumers.Info() {
				if host := info.Cluster.Leader; host != "" && host != dies.Name {
					consumer = info
				}
			}
			return consumers.Err()
		})
	}
	dies.Signal(syscall.SIGSTOP) // it gives its clients nothing more
	insist(t, "append", func() error { return <-other.Append(&replica.Claim{Agency: 1, Nonce: "b"}) })
	status, err := other.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// On a slow machine the follower may have given that consumer up before it has delivered
	// the entry. Then nothing is lost.
	for begin := time.Now(); time.Since(begin) < 2*heartbeat; time.Sleep(pause / 10) {
		now, err := stream.Consumer(t.Context(), consumer.Name)
		if err == nil && now.CachedInfo().Delivered.Stream >= status.Last {
			break
		}
	}
	dies.Kill()
	for _, followed := range followers {
		for sequence := uint64(0); sequence < status.Last; {
			select {
			case sequence = <-followed:
			case <-time.After(20 * time.Second):
				t.Fatalf("a follower does not get entry %d", status.Last)
			}
		}
	}
}
