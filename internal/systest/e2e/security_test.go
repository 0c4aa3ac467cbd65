package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity/authority"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

func TestLotteryOverTLS(t *testing.T) {
	newLottery(t, 3).secure().run(map[int][][]string{1: difficultRows(1, 300), 2: plainRows(2, 1000), 3: nil}, 10)
}

// soon is less than the time that a client retries.
const soon = 30 * time.Second

// Whoever is not the agency, or speaks with another central, ends soon, and says why.
// Nothing is stored.
func TestWhoIsRefused(t *testing.T) {
	l := newLottery(t, 2).secure()
	foreign := filepath.Join(t.TempDir(), "certificados")
	if err := authority.Fill(foreign, 2, time.Now()); err != nil {
		t.Fatal(err)
	}
	others := authority.AgencyFiles(foreign, 1)
	server := l.startServer()
	for _, tt := range []struct {
		name string
		env  []string
		want []string
	}{
		{"the certificate of another agency", authority.AgencyEnv(l.certificates, 2), []string{"unauthorized", "agency 2"}},
		{"no TLS", []string{"CLI_TLS_CA=", "CLI_TLS_CERT=", "CLI_TLS_KEY="}, []string{"unauthorized", "demands TLS"}},
		{"a foreign authority", []string{"CLI_TLS_CERT=" + others.Cert, "CLI_TLS_KEY=" + others.Key}, []string{"the central refuses the certificate", others.Cert}},
		{"a foreign central", []string{"CLI_TLS_CA=" + others.CA}, []string{"127.0.0.1", "the central's certificate is not accepted", others.CA}},
		{"another name", []string{"CLI_TLS_SERVERNAME=otra"}, []string{"the central's certificate is not accepted", "otra"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			begin := time.Now()
			p := l.startAgency(1, plainRows(1, 10), 10, tt.env...)
			if status := p.Wait(); status != 1 || time.Since(begin) > soon {
				t.Errorf("exit status %d after %v", status, time.Since(begin))
			}
			failed := logtest.Select(logtest.ParseLines(t, p.Lines()), "consulta_ganadores", "fail")
			if len(failed) != 1 {
				t.Fatalf("%d failures in %q", len(failed), p.Lines())
			}
			for _, want := range tt.want {
				if !strings.Contains(failed[0].Keys["error"], want) {
					t.Errorf("error %q lacks %q", failed[0].Keys["error"], want)
				}
			}
		})
	}
	server.Stop(syscall.SIGTERM)
	logtest.ParseLines(t, server.Lines())
	l.checkStored(nil)
}

// A central without TLS is named when the agency gives up.
func TestCentralWithoutTLS(t *testing.T) {
	l := newLottery(t, 1).secure()
	l.env = nil
	server := l.startServer()
	p := l.startAgency(1, plainRows(1, 10), 10, "CLI_RETRY_DEADLINE=3s")
	if status := p.Wait(); status != 1 || !strings.Contains(strings.Join(p.Lines(), "\n"), "SERVER_TLS = required?") {
		t.Errorf("exit status %d, %q", status, p.Lines())
	}
	server.Await("action: tls | result: fail | ip: 127.0.0.1 | error: the peer speaks TLS")
}

// Files that do not serve stop the start of both programs. The error names the file.
func TestBadCertificates(t *testing.T) {
	l := newLottery(t, 2).secure()
	central, agency := authority.CentralFiles(l.certificates), authority.AgencyFiles(l.certificates, 1)
	if err := os.Remove(agency.Key); err != nil {
		t.Fatal(err)
	}
	refused := func(p *processtest.Process, file string) {
		t.Helper()
		status := p.Wait()
		said := strings.Join(append(p.Lines(), p.ErrorLines()...), "\n")
		if status != 1 || !strings.Contains(said, file) {
			t.Errorf("exit status %d, says %q and not %q", status, said, file)
		}
	}
	refused(l.startAgency(1, plainRows(1, 1), 1), agency.Key)
	l.env = append(l.env, "SERVER_TLS_KEY="+authority.AgencyFiles(l.certificates, 2).Key)
	refused(processtest.Start(t, l.serverCommand()), authority.AgencyFiles(l.certificates, 2).Key+": not the private key of the certificate in "+central.Cert)
}

// Certificates are renewed while an agency uploads: the upload goes on, and who comes
// next is served with the new ones.
func TestCertificatesRenewed(t *testing.T) {
	l := newLottery(t, 2).secure()
	server := l.startServer()
	data := map[int][][]string{1: plainRows(1, 500), 2: plainRows(2, 10)}
	first := l.startAgency(1, data[1], 1, "CLI_LOOP_PERIOD=1ms")
	server.Await("action: apuesta_recibida | result: success")
	if err := authority.Fill(l.certificates, 2, time.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	second := l.startAgency(2, data[2], 10)
	checkAgency(t, first, winners(data[1]))
	checkAgency(t, second, winners(data[2]))
	checkServer(t, server, 510)
	l.checkStored(data)
	if lines := logtest.Select(logtest.ParseLines(t, server.Lines()), "certificado", "success"); len(lines) != 2 || lines[0].Keys["vence"] == lines[1].Keys["vence"] {
		t.Errorf("certificates in use: %+v", lines)
	}
}
