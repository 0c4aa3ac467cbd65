package containers

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

// checkEcho runs validar-echo-server.sh, and checks its output and its exit status.
func (s system) checkEcho(result string, status int) {
	s.Helper()
	cmd := exec.Command("sh", "validar-echo-server.sh")
	cmd.Dir = project
	out, err := cmd.Output()
	want := fmt.Sprintf("action: test_echo_server | result: %s\n", result)
	if string(out) != want || cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != status {
		s.Errorf("printed %q and ended with %v, want %q and %d", out, err, want, status)
	}
}

func TestValidateOurServer(t *testing.T) {
	s := start(t, 0, "ej3")
	s.up()
	s.checkEcho("success", 0)
	for e := range s.follow() {
		if e.exited || e.Result == "fail" {
			t.Fatalf("%+v", e)
		}
		if e.Action == "receive_message" && e.Result == "success" {
			break
		}
	}
	s.run("docker", "stop", "-t", "1", "server")
	s.checkEcho("fail", 1)
}

func TestValidateWithoutSystem(t *testing.T) {
	start(t, 0, "ej3").checkEcho("fail", 1)
}

func TestValidateForeignServers(t *testing.T) {
	needContainers(t)
	for _, test := range []struct {
		kind, result string
		status       int
	}{{"right", "success", 0}, {"wrong", "fail", 1}} {
		t.Run(test.kind, func(t *testing.T) {
			s := start(t, 0, "ej3")
			s.write("docker-compose-dev.yaml", fmt.Sprintf(`name: tp0
services:
  server:
    container_name: server
    image: busybox:latest
    entrypoint: ["/echoserver", %q]
    volumes: [%q]
    networks: [testing_net]
networks:
  testing_net:
    ipam:
      config:
        - subnet: 172.25.125.0/24
`, test.kind, filepath.Join(project, "echoserver")+":/echoserver:ro"))
			s.up()
			s.checkEcho(test.result, test.status)
		})
	}
}
