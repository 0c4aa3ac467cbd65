package tcp

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity/authority"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// identities are certificates of a central and of agencies, from one authority.
type identities struct {
	authority *authority.Authority
	files     identity.Files // the central's
	central   *identity.Source

	mu       sync.Mutex
	agencies map[lottery.AgencyID]*tls.Config
}

func newIdentities(t testing.TB) *identities {
	t.Helper()
	a, err := authority.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	i := &identities{
		authority: a,
		files:     identity.Files{CA: filepath.Join(dir, "ca.pem"), Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")},
		agencies:  make(map[lottery.AgencyID]*tls.Config),
	}
	i.renew(t)
	reloaded := func(_ time.Time, err error) {
		if err != nil {
			t.Errorf("certificates: %v", err)
		}
	}
	if i.central, err = identity.NewSource(i.files, identity.RoleCentral, reloaded); err != nil {
		t.Fatal(err)
	}
	return i
}

// renew replaces the central's files.
func (i *identities) renew(t testing.TB) {
	t.Helper()
	pair, err := i.authority.Central(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string][]byte{i.files.CA: i.authority.Certificate(), i.files.Cert: pair.Cert, i.files.Key: pair.Key} {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// agency returns an agency's side of TLS.
func (i *identities) agency(t testing.TB, id lottery.AgencyID) *tls.Config {
	t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	if known := i.agencies[id]; known != nil {
		return known
	}
	pair, err := i.authority.Agency(id, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	i.agencies[id] = i.client(t, pair)
	return i.agencies[id]
}

// client returns the side of TLS of a client with these certificates.
func (i *identities) client(t testing.TB, pairs ...authority.Pair) *tls.Config {
	t.Helper()
	config := &tls.Config{ServerName: "localhost", RootCAs: x509.NewCertPool()}
	config.RootCAs.AppendCertsFromPEM(i.authority.Certificate())
	for _, pair := range pairs {
		certificate, err := tls.X509KeyPair(pair.Cert, pair.Key)
		if err != nil {
			t.Fatal(err)
		}
		config.Certificates = append(config.Certificates, certificate)
	}
	return config
}

// inClearAndOverTLS runs a test of a central without TLS, and of one that demands
// it.
func inClearAndOverTLS(t *testing.T, test func(t *testing.T, with *identities)) {
	t.Run("clear", func(t *testing.T) { test(t, nil) })
	t.Run("TLS", func(t *testing.T) { test(t, newIdentities(t)) })
}
