package authority

import (
	"crypto/tls"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity"
)

func fill(t *testing.T, folder string, agencies int) {
	t.Helper()
	if err := Fill(folder, agencies, time.Now()); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// The programs take the files, and openssl takes the certificates for what they are.
func TestFill(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "certificados")
	fill(t, folder, 2)
	for _, p := range []struct {
		files   identity.Files
		role    identity.Role
		purpose string
	}{
		{CentralFiles(folder), identity.RoleCentral, "sslserver"},
		{AgencyFiles(folder, 1), identity.RoleAgency, "sslclient"},
		{AgencyFiles(folder, 2), identity.RoleAgency, "sslclient"},
	} {
		if _, err := identity.NewSource(p.files, p.role, nil); err != nil {
			t.Error(err)
		}
		for _, path := range []string{p.files.CA, p.files.Cert, p.files.Key} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
				t.Errorf("%s: %v, %v", path, info.Mode(), err)
			}
		}
		if _, err := exec.LookPath("openssl"); err != nil {
			continue
		}
		command := exec.CommandContext(t.Context(), "openssl", "verify", "-x509_strict", "-CAfile", p.files.CA, "-purpose", p.purpose, p.files.Cert)
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("openssl verify: %v\n%s", err, out)
		}
	}
	if info, err := os.Stat(filepath.Join(folder, authorityFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the authority's key: %v, %v", info.Mode(), err)
	}
}

// A second call renews the certificates, and the authority stays.
func TestFillAgain(t *testing.T) {
	folder := t.TempDir()
	fill(t, folder, 1)
	ca, cert := read(t, CentralFiles(folder).CA), read(t, CentralFiles(folder).Cert)
	fill(t, folder, 2)
	if read(t, CentralFiles(folder).CA) != ca || read(t, AgencyFiles(folder, 2).CA) != ca {
		t.Error("another authority")
	}
	if read(t, CentralFiles(folder).Cert) == cert {
		t.Error("the central's certificate is the old one")
	}
}

// A call that was killed between writing a key and its certificate can be repeated.
func TestFillAfterAnInterruption(t *testing.T) {
	folder, other := t.TempDir(), t.TempDir()
	fill(t, folder, 2)
	fill(t, other, 1)
	first, second := AgencyFiles(folder, 1), AgencyFiles(folder, 2)
	if err := errors.Join(os.Remove(first.Cert), os.Rename(AgencyFiles(other, 1).Key, second.Key)); err != nil {
		t.Fatal(err)
	}
	fill(t, folder, 2)
	for _, files := range []identity.Files{first, second} {
		if _, err := tls.LoadX509KeyPair(files.Cert, files.Key); err != nil {
			t.Errorf("%s: %v", files.Key, err)
		}
	}
}

func TestFillOverwritesNothingOfOthers(t *testing.T) {
	other := t.TempDir()
	fill(t, other, 1)
	for _, name := range []string{"ca-key.pem", "central/cert.pem", "central/key.pem", "central/ca.pem", "agencia-1/key.pem"} {
		for _, content := range []string{"mine", strings.TrimPrefix(read(t, filepath.Join(other, "agencia-1/key.pem")), keyMark)} {
			folder := t.TempDir()
			fill(t, folder, 1)
			path := filepath.Join(folder, name)
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			kept := read(t, filepath.Join(folder, "agencia-1/cert.pem"))
			err := Fill(folder, 1, time.Now())
			if err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: error %v", name, err)
			}
			if read(t, path) != content || read(t, filepath.Join(folder, "agencia-1/cert.pem")) != kept {
				t.Errorf("%s: something was overwritten", name)
			}
		}
	}
}

func TestFillNeedsAnAuthorityThatLastsLongEnough(t *testing.T) {
	folder := t.TempDir()
	if err := Fill(folder, 0, time.Now().Add(-authorityLife+certificateLife/2)); err != nil {
		t.Fatal(err)
	}
	if err := Fill(folder, 0, time.Now()); err == nil || !strings.Contains(err.Error(), "vence") {
		t.Errorf("error %v", err)
	}
}
