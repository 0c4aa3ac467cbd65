package identity_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity/authority"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

func newAuthority(t *testing.T, at time.Time) *authority.Authority {
	t.Helper()
	a, err := authority.New(at)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func issue(t *testing.T, a *authority.Authority, r authority.Request) authority.Pair {
	t.Helper()
	if r.From.IsZero() {
		r.From = time.Now()
	}
	pair, err := a.Issue(r)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func central(t *testing.T, a *authority.Authority, name string) authority.Pair {
	t.Helper()
	return issue(t, a, authority.Request{Names: []string{name}, Usage: x509.ExtKeyUsageServerAuth})
}

func agency(t *testing.T, a *authority.Authority) authority.Pair {
	t.Helper()
	return issue(t, a, authority.Request{URIs: []*url.URL{identity.AgencyURI(1)}, Usage: x509.ExtKeyUsageClientAuth})
}

// write writes what a participant needs to a new folder.
func write(t *testing.T, ca *authority.Authority, pair authority.Pair) identity.Files {
	t.Helper()
	dir := t.TempDir()
	f := identity.Files{CA: filepath.Join(dir, "ca.pem"), Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	replace(t, f.CA, ca.Certificate())
	replace(t, f.Cert, pair.Cert)
	replace(t, f.Key, pair.Key)
	return f
}

func replace(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func newSource(t *testing.T, files identity.Files, role identity.Role) *identity.Source {
	t.Helper()
	s, err := identity.NewSource(files, role, func(_ time.Time, err error) { t.Errorf("reloaded: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every file that cannot serve is refused: the error names it and the reason.
func TestNewSourceRefuses(t *testing.T) {
	now := time.Now()
	a := newAuthority(t, now)
	good := agency(t, a)
	two := issue(t, a, authority.Request{URIs: []*url.URL{identity.AgencyURI(1), identity.AgencyURI(2)}, Usage: x509.ExtKeyUsageClientAuth})
	expired := issue(t, a, authority.Request{URIs: []*url.URL{identity.AgencyURI(1)}, Usage: x509.ExtKeyUsageClientAuth, From: now.AddDate(-2, 0, 0)})
	early := issue(t, a, authority.Request{URIs: []*url.URL{identity.AgencyURI(1)}, Usage: x509.ExtKeyUsageClientAuth, From: now.AddDate(0, 0, 2)})
	old := newAuthority(t, now.AddDate(-20, 0, 0))
	for _, tt := range []struct {
		name   string
		role   identity.Role
		damage func(f identity.Files)
		want   []string
	}{
		{"no CA", identity.RoleAgency, func(f identity.Files) { os.Remove(f.CA) }, []string{"ca.pem", "no such file", "make certificados"}},
		{"no certificate", identity.RoleAgency, func(f identity.Files) { os.Remove(f.Cert) }, []string{"cert.pem", "no such file"}},
		{"no key", identity.RoleAgency, func(f identity.Files) { os.Remove(f.Key) }, []string{"key.pem", "no such file"}},
		{"a folder", identity.RoleAgency, func(f identity.Files) { os.Remove(f.Key); os.Mkdir(f.Key, 0o755) }, []string{"key.pem", "directory"}},
		{"CA is no PEM", identity.RoleAgency, func(f identity.Files) { replace(t, f.CA, []byte("hola")) }, []string{"ca.pem", "PEM"}},
		{"CA is a key", identity.RoleAgency, func(f identity.Files) { replace(t, f.CA, good.Key) }, []string{"ca.pem", "no certificate"}},
		{"CA is no authority", identity.RoleAgency, func(f identity.Files) { replace(t, f.CA, good.Cert) }, []string{"ca.pem", "not an authority"}},
		{"CA has expired", identity.RoleAgency, func(f identity.Files) { replace(t, f.CA, old.Certificate()) }, []string{"ca.pem", "expired"}},
		{"certificate is damaged", identity.RoleAgency, func(f identity.Files) {
			replace(t, f.Cert, []byte("-----BEGIN CERTIFICATE-----\naG9sYQ==\n-----END CERTIFICATE-----\n"))
		}, []string{"cert.pem", "x509"}},
		{"certificate has expired", identity.RoleAgency, func(f identity.Files) { replace(t, f.Cert, expired.Cert) }, []string{"cert.pem", "expired on"}},
		{"certificate is for later", identity.RoleAgency, func(f identity.Files) { replace(t, f.Cert, early.Cert) }, []string{"cert.pem", "clock"}},
		{"two URIs", identity.RoleAgency, func(f identity.Files) { replace(t, f.Cert, two.Cert) }, []string{"cert.pem", "2 URIs"}},
		{"the central's", identity.RoleAgency, func(f identity.Files) { replace(t, f.Cert, central(t, a, "x").Cert) }, []string{"cert.pem", "0 URIs"}},
		{"an agency's", identity.RoleCentral, func(identity.Files) {}, []string{"cert.pem", "no DNS name"}},
		{"another's key", identity.RoleAgency, func(f identity.Files) { replace(t, f.Key, two.Key) }, []string{"key.pem", "cert.pem", "not the private key"}},
		{"key is no PEM", identity.RoleAgency, func(f identity.Files) { replace(t, f.Key, nil) }, []string{"key.pem", "not the private key"}},
	} {
		files := write(t, a, good)
		tt.damage(files)
		_, err := identity.NewSource(files, tt.role, nil)
		if err == nil {
			t.Errorf("%s: accepted", tt.name)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q lacks %q", tt.name, err, want)
			}
		}
	}
}

func TestNewSourceNamesAnUnreadableFile(t *testing.T) {
	a := newAuthority(t, time.Now())
	files := write(t, a, agency(t, a))
	if err := os.Chmod(files.Key, 0); err != nil {
		t.Fatal(err)
	}
	if file, err := os.Open(files.Key); err == nil {
		file.Close()
		t.Skip("this user reads everything")
	}
	if _, err := identity.NewSource(files, identity.RoleAgency, nil); err == nil || !strings.Contains(err.Error(), "chmod a+r "+files.Key) {
		t.Errorf("error %v", err)
	}
}

// handshake returns what the central learns and what an agency reads of a
// connection: nil if the central knows that it speaks with agency 1 and the agency
// has its answer.
func handshake(t *testing.T, s, c *identity.Source) (centralErr, agencyErr error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	result := make(chan error, 1)
	go func() { result <- answer(listener, s) }()
	socket, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, agencyErr := c.Client(t.Context(), socket, "central.example")
	if agencyErr == nil {
		_, agencyErr = conn.Read(make([]byte, 4))
		conn.Close()
	}
	return <-result, agencyErr
}

func answer(listener net.Listener, s *identity.Source) error {
	socket, err := listener.Accept()
	if err != nil {
		return err
	}
	defer socket.Close()
	conn := tls.Server(socket, s.Central())
	err = conn.Handshake()
	if err == nil {
		var id lottery.AgencyID
		if id, err = identity.Peer(conn); err == nil && id != 1 {
			err = fmt.Errorf("agency %d", id)
		}
		_, _ = conn.Write([]byte("hola"))
	}
	_, _ = io.Copy(io.Discard, socket) // until the agency has read
	return err
}

func TestHandshake(t *testing.T) {
	a := newAuthority(t, time.Now())
	s := newSource(t, write(t, a, central(t, a, "central.example")), identity.RoleCentral)
	c := newSource(t, write(t, a, agency(t, a)), identity.RoleAgency)
	if centralErr, agencyErr := handshake(t, s, c); centralErr != nil || agencyErr != nil {
		t.Errorf("central: %v, agency: %v", centralErr, agencyErr)
	}
}

// Whoever does not take the other's certificate says so, and the agency knows that
// it is no use to try again.
func TestHandshakeRefused(t *testing.T) {
	a, other := newAuthority(t, time.Now()), newAuthority(t, time.Now())
	for _, tt := range []struct {
		name            string
		central, agency identity.Files
		want            string
	}{
		{"foreign central", write(t, a, central(t, other, "central.example")), write(t, a, agency(t, a)), "central's certificate is not accepted"},
		{"central of another name", write(t, a, central(t, a, "other.example")), write(t, a, agency(t, a)), "central.example"},
		{"foreign agency", write(t, a, central(t, a, "central.example")), write(t, a, agency(t, other)), "the central refuses the certificate in"},
	} {
		s, c := newSource(t, tt.central, identity.RoleCentral), newSource(t, tt.agency, identity.RoleAgency)
		centralErr, agencyErr := handshake(t, s, c)
		var refused *identity.RefusedError
		if centralErr == nil || !errors.As(agencyErr, &refused) || !strings.Contains(agencyErr.Error(), tt.want) {
			t.Errorf("%s: central: %v, agency: %v", tt.name, centralErr, agencyErr)
		}
	}
}

// A server that does not speak TLS says something, or nothing.
func TestHandshakeWithoutTLS(t *testing.T) {
	a := newAuthority(t, time.Now())
	c := newSource(t, write(t, a, agency(t, a)), identity.RoleAgency)
	for _, tt := range []struct {
		answer, want string
		final        bool
	}{
		{"\x00\x00\x00\x1c\x8f busy", "it is busy", false},
		{"hola que tal\n", "does not speak TLS", true},
		{"", "SERVER_TLS = required", false},
	} {
		ours, theirs := net.Pipe()
		go func() {
			_, _ = theirs.Read(make([]byte, 4096))
			_, _ = io.WriteString(theirs, tt.answer)
			theirs.Close()
		}()
		_, err := c.Client(t.Context(), ours, "central.example")
		var refused *identity.RefusedError
		if err == nil || errors.As(err, &refused) != tt.final || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("answer %q: error %v", tt.answer, err)
		}
	}
}

// Replaced files serve the next handshake. Files that do not serve are reported
// once, and what was read before stays in use.
func TestReload(t *testing.T) {
	a, other := newAuthority(t, time.Now()), newAuthority(t, time.Now())
	files := write(t, a, central(t, a, "central.example"))
	var reports []error
	s, err := identity.NewSource(files, identity.RoleCentral, func(expiry time.Time, err error) {
		if expiry.Before(time.Now()) {
			t.Errorf("expiry %v", expiry)
		}
		reports = append(reports, err)
	})
	if err != nil {
		t.Fatal(err)
	}
	first := newSource(t, write(t, a, agency(t, a)), identity.RoleAgency)
	second := newSource(t, write(t, other, agency(t, other)), identity.RoleAgency)
	accepts := func(c *identity.Source, reported int) {
		t.Helper()
		for range 2 {
			if centralErr, agencyErr := handshake(t, s, c); centralErr != nil || agencyErr != nil {
				t.Errorf("central: %v, agency: %v", centralErr, agencyErr)
			}
		}
		if len(reports) != reported {
			t.Errorf("reports: %v", reports)
		}
	}
	accepts(first, 0)

	replace(t, files.Key, []byte("broken"))
	accepts(first, 1)
	if reports[0] == nil || !strings.Contains(reports[0].Error(), files.Key) {
		t.Errorf("report %v does not name the key", reports[0])
	}

	os.Remove(files.Cert)
	accepts(first, 2)

	renewed := central(t, other, "central.example")
	replace(t, files.CA, other.Certificate())
	replace(t, files.Key, renewed.Key)
	replace(t, files.Cert, renewed.Cert)
	accepts(second, 3)
	if reports[2] != nil {
		t.Errorf("report %v", reports[2])
	}
}

// Files that did not serve are read again, though no change of them shows. Meanwhile they
// are reported once.
func TestReloadAfterAPassingFailure(t *testing.T) {
	a := newAuthority(t, time.Now())
	files := write(t, a, central(t, a, "central.example"))
	var reports []error
	s, err := identity.NewSource(files, identity.RoleCentral, func(_ time.Time, err error) { reports = append(reports, err) })
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(files.Key)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-time.Minute)
	for i, content := range [][]byte{make([]byte, len(good)), good} {
		replace(t, files.Key, content)
		if err := os.Chtimes(files.Key, at, at); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			s.Expiry()
		}
		if len(reports) != i+1 || (reports[i] != nil) != (i == 0) {
			t.Fatalf("reports: %v", reports)
		}
	}
}
