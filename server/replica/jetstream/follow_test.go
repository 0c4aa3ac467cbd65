package jetstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	js "github.com/nats-io/nats.go/jetstream"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver/natsservertest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica"
)

// The server that dies leads the log, leads the cluster, which creates the consumers, and
// has the consumer of a follower. The follower goes on soon after the others have elected
// leaders. It does not wait for the answer to what it asked before.
func TestFollowAfterALoss(t *testing.T) {
	cluster := natsservertest.Start(t)
	l := open(t, cluster, 1)
	admin := administrator(t, cluster)
	leader := leadBoth(t, cluster, admin)

	followed := make(chan uint64)
	followers := 0
	for hosts := []string(nil); len(hosts) == 0 || hosts[len(hosts)-1] != leader.Name; {
		followers++
		go func() {
			for next, err := range l.Follow(t.Context(), 0) {
				if err != nil {
					t.Error(err)
				}
				followed <- next.Sequence
				return // the entry may have been appended twice
			}
		}()
		insist(t, "list the consumers", func() (err error) {
			if hosts, err = hostsOf(t, admin, leader.Name); err == nil && len(hosts) < followers {
				err = fmt.Errorf("%d of %d followers have a consumer", len(hosts), followers)
			}
			return err
		})
	}
	leader.Kill()
	insist(t, "append", func() error {
		select {
		case err := <-l.Append(&replica.Claim{Agency: 1, Nonce: "a"}):
			return err
		case <-time.After(time.Second):
			return errors.New("no answer")
		}
	})
	insist(t, "ask who leads the cluster", func() error { _, err := admin.AccountInfo(t.Context()); return err })
	begin := time.Now()
	for range followers {
		select {
		case <-followed:
		case <-time.After(30 * time.Second):
			t.Fatal("a follower does not go on")
		}
	}
	// They ask twice a second. One that waits for an old answer does so for up to ten.
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("the followers go on %v after the election", took)
	}
}

// leadBoth makes the server that leads the cluster lead the log, too.
func leadBoth(t *testing.T, cluster *natsserver.Cluster, admin js.JetStream) (leader *natsserver.Server) {
	t.Helper()
	insist(t, "move the log's leader", func() error {
		response, err := http.Get(cluster.Servers[0].Monitor + "/jsz")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		var answer struct {
			Meta struct{ Leader string } `json:"meta_cluster"`
		}
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			return err
		}
		stream, err := admin.Stream(t.Context(), StreamName)
		if err != nil {
			return err
		}
		if leader = cluster.Named(answer.Meta.Leader); leader != nil && stream.CachedInfo().Cluster.Leader == leader.Name {
			return nil
		}
		_, err = admin.Conn().Request("$JS.API.STREAM.LEADER.STEPDOWN."+StreamName,
			[]byte(`{"placement": {"preferred": "`+answer.Meta.Leader+`"}}`), requestTimeout)
		return errors.Join(errors.New("the log has another leader"), err)
	})
	return leader
}

// hostsOf returns the servers that have a consumer of the log; last comes one with that
// name, if there is any.
func hostsOf(t *testing.T, admin js.JetStream, last string) (hosts []string, err error) {
	t.Helper()
	stream, err := admin.Stream(t.Context(), StreamName)
	if err != nil {
		return nil, err
	}
	consumers := stream.ListConsumers(t.Context())
	for consumer := range consumers.Info() {
		if host := consumer.Cluster.Leader; host == last {
			hosts = append(hosts, host)
		} else {
			hosts = append([]string{host}, hosts...)
		}
	}
	return hosts, consumers.Err()
}
