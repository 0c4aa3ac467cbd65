package containers

import (
	"strings"
	"testing"
)

// With --tls the whole lottery runs with certificates, and the check of the echo needs
// none. Each container sees its own certificates only.
func TestLotteryWithCertificates(t *testing.T) {
	s := start(t, 2, "agencias")
	s.run("go", "run", "./scripts/certificados", "-agencias", "2")
	s.run("bash", "generar-compose.sh", "docker-compose-dev.yaml", "2", "--tls")
	s.clientConfig(500, "150ms", "INFO", 10)
	s.serverConfig(5, "DEBUG")
	files := []dataFile{{50, 2}, {31, 0}}
	for i, f := range files {
		s.writeDataFile(i+1, f)
	}
	s.up()
	s.checkLottery(10, files)
	s.checkStored(2)
	if said := s.run("sh", "validar-echo-server.sh"); said != "action: test_echo_server | result: success" {
		t.Errorf("the check of the echo says %q", said)
	}
	for container, folder := range map[string]string{"server": "central", "client2": "agencia-2"} {
		mounts := s.run("docker", "inspect", "--format", "{{range .Mounts}}{{.Source}} {{end}}", container)
		if strings.Count(mounts, "certificados") != 1 || !strings.Contains(mounts, "certificados/"+folder+" ") {
			t.Errorf("%s mounts %s", container, mounts)
		}
	}
}
