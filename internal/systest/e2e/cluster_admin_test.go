package e2e

import (
	"syscall"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver/natsservertest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// The operator sees the log of a replicated central. The central is not ready before the
// cluster is, nor without a quorum, but it lives.
func TestReplicatedCentralCanBeWatched(t *testing.T) {
	t.Parallel()
	cluster := natsservertest.New(t, "always")
	r := &replicated{lottery: newLottery(t, 2, "SERVER_CLUSTER="+cluster.URLs(), "SERVER_CLUSTER_MONITOR="+cluster.Monitors()), nats: cluster}
	url := r.withAdmin()
	server := processtest.Start(t, r.serverCommand())
	server.Await("action: cluster | result: in_progress")
	awaitPage(t, url+"/readyz", 503, "0 of 3 NATS servers have said ")
	awaitPage(t, url+"/livez", 200, "process: ok")
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	server.Await("action: accept_connections | result: in_progress")
	awaitPage(t, url+"/readyz", 200, "recovering: ok\nstorage: ok\nstopping: ok\n")

	rows := plainRows(1, 300)
	agency := r.startAgency(1, rows, 10)
	agency.Await("action: notificacion_enviada | result: success")
	agency.Signal(syscall.SIGTERM)
	leader := r.leader()
	awaitPage(t, url+"/state.json", 200, `"leader":"`+leader.Name+`","behind":0,"reachable":true,"answered":null}`)
	awaitPage(t, url+"/metrics", 200, "\nlottery_log_leader{server=\""+leader.Name+"\"} 1\n")

	var followers []*natsserver.Server
	for _, s := range cluster.Servers {
		if s != leader {
			s.Kill()
			followers = append(followers, s)
		}
	}
	awaitPage(t, url+"/readyz", 503, "storage: fail: the log does not answer: its leader did so last at 2")
	awaitPage(t, url+"/state.json", 200, `"reachable":false,"answered":"2`)
	awaitPage(t, url+"/state.json", 200, `{"state":"storage_failing",`)
	awaitPage(t, url+"/metrics", 200, "\nlottery_storage_failing 1\n")
	awaitPage(t, url+"/livez", 200, "process: ok")
	if err := followers[0].Start(); err != nil {
		t.Fatal(err)
	}
	awaitPage(t, url+"/readyz", 200, "storage: ok")
	awaitPage(t, url+"/state.json", 200, `"reachable":true,"answered":null}`)
	server.Stop(syscall.SIGTERM)
}
