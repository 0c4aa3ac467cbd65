package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver"
)

func TestCentralsOfACluster(t *testing.T) {
	file, text := parse(t, options{clients: 2, scenario: scenarioAgencies, root: ".", centrals: 3})
	if len(file.Services) != 3+natsServers+2 {
		t.Errorf("%d services", len(file.Services))
	}
	if header := "ARCHIVO 2 agencias --centrales 3\n"; !strings.Contains(text, header) {
		t.Errorf("the header does not repeat --centrales:\n%.300s", text)
	}
	env := []string{"SERVER_AGENCIES=2", "SERVER_CLUSTER=nats://nats1:4222,nats://nats2:4222,nats://nats3:4222",
		"SERVER_PUBLISH_DELAY=3s", "SERVER_ADMIN_ADDRESS=127.0.0.1:12346"}
	for i := 1; i <= 3; i++ {
		name := fmt.Sprintf("server%d", i)
		v, ok := file.Services[name]
		if !ok || v.ContainerName != name || v.Image != "server:latest" || v.Healthcheck == nil || v.Restart != "on-failure:5" {
			t.Errorf("%s: present: %v, %+v", name, ok, v)
		}
		if !slices.Equal(v.Environment, env) {
			t.Errorf("%s has %q, want %q", name, v.Environment, env)
		}
		if !slices.Equal(v.DependsOn, []string{"nats1", "nats2", "nats3"}) {
			t.Errorf("%s depends on %q", name, v.DependsOn)
		}
		if want := (networks{"testing_net": {"server"}}); !reflect.DeepEqual(v.Networks, want) {
			t.Errorf("%s is in %v, want %v", name, v.Networks, want)
		}
	}
}

func TestNATSOfACluster(t *testing.T) {
	if natsImage != "nats:"+natsserver.Version {
		t.Errorf("the containers run %s, and make cluster runs version %s", natsImage, natsserver.Version)
	}
	file, _ := parse(t, options{clients: 1, scenario: scenarioEcho, root: ".", centrals: 2})
	for i := 1; i <= natsServers; i++ {
		name := fmt.Sprintf("nats%d", i)
		v, ok := file.Services[name]
		if !ok || v.ContainerName != name || v.Image != natsImage || v.Ports != nil || !v.ReadOnly || v.Restart != "on-failure:5" {
			t.Errorf("%s: present: %v, %+v", name, ok, v)
		}
		if want := []any{"--config", "/nats.conf", "--name", name}; !reflect.DeepEqual(v.Command, want) {
			t.Errorf("%s runs %q, want %q", name, v.Command, want)
		}
		if !reflect.DeepEqual(v.Networks, networks{"testing_net": nil}) || v.Logging.Options.MaxSize == "" ||
			!slices.Equal(v.CapDrop, []string{"ALL"}) || len(v.SecurityOpt) == 0 {
			t.Errorf("%s: %+v", name, v)
		}
		if len(v.Volumes) != 2 || v.Volumes[0].Type != "volume" || v.Volumes[0].Source != name || v.Volumes[0].Target != "/data" ||
			v.Volumes[1].Source != "./scripts/compose/nats.conf" || !v.Volumes[1].ReadOnly {
			t.Errorf("%s mounts %+v", name, v.Volumes)
		}
		if _, ok := file.Volumes[name]; !ok {
			t.Errorf("%s has no volume", name)
		}
	}
}

func TestClientsOfACluster(t *testing.T) {
	for _, s := range []scenario{scenarioEcho, scenarioBet, scenarioAgencies} {
		file, text := parse(t, options{clients: 2, scenario: s, root: ".", centrals: 3})
		for _, name := range []string{"client1", "client2"} {
			v := file.Services[name]
			if !slices.Contains(v.Environment, "CLI_SERVER_ADDRESS=server1:12345,server2:12345,server3:12345") {
				t.Errorf("%s: %s has %q", s, name, v.Environment)
			}
			if !slices.Equal(v.DependsOn, []string{"server1", "server2", "server3"}) {
				t.Errorf("%s: %s depends on %q", s, name, v.DependsOn)
			}
		}
		if strings.Contains(text, "SERVER_STORAGE") {
			t.Errorf("%s: names a file for the bets", s)
		}
	}
}

// Every central's board has a port of its own.
func TestBoardsOfACluster(t *testing.T) {
	file, _ := parse(t, options{clients: 2, scenario: scenarioAgencies, root: ".", board: true, centrals: 3})
	for name, port := range map[string]string{"server1": "12346", "server2": "12347", "server3": "12348"} {
		v := file.Services[name]
		if want := []string{"127.0.0.1:" + port + ":12346"}; !slices.Equal(v.Ports, want) || !slices.Contains(v.Environment, "SERVER_ADMIN_ADDRESS=:12346") {
			t.Errorf("%s publishes %q, want %q; it has %q", name, v.Ports, want, v.Environment)
		}
	}
}
