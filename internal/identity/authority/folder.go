package authority

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// A folder of certificates:
//
//	ca-key.pem                                     the authority: no program gets it
//	central/    ca.pem  cert.pem  key.pem          what the central gets
//	agencia-N/  ca.pem  cert.pem  key.pem          what agency N gets
const authorityFile = "ca-key.pem"

// keyMark is the first line of a participant's key.pem. It tells who has made a key
// whose certificate is not there, because Fill was interrupted. PEM's readers skip it.
const keyMark = "# " + Organization + "\n"

// CentralFiles are the central's files in a folder of certificates.
func CentralFiles(folder string) identity.Files { return participant(folder, "central") }

// AgencyFiles are an agency's files in a folder of certificates.
func AgencyFiles(folder string, id lottery.AgencyID) identity.Files {
	return participant(folder, fmt.Sprintf("agencia-%d", id))
}

// CentralEnv are the environment variables that make a server demand TLS with its
// files in a folder of certificates.
func CentralEnv(folder string) []string {
	files := CentralFiles(folder)
	return []string{"SERVER_TLS=required", "SERVER_TLS_CA=" + files.CA, "SERVER_TLS_CERT=" + files.Cert, "SERVER_TLS_KEY=" + files.Key}
}

// AgencyEnv are the environment variables that make a client use TLS with an agency's
// files in a folder of certificates.
func AgencyEnv(folder string, id lottery.AgencyID) []string {
	files := AgencyFiles(folder, id)
	return []string{"CLI_TLS_CA=" + files.CA, "CLI_TLS_CERT=" + files.Cert, "CLI_TLS_KEY=" + files.Key}
}

func participant(folder, name string) identity.Files {
	return identity.Files{
		CA:   filepath.Join(folder, name, "ca.pem"),
		Cert: filepath.Join(folder, name, "cert.pem"),
		Key:  filepath.Join(folder, name, "key.pem"),
	}
}

// Fill puts new certificates for the central and the agencies 1 to n into a folder,
// which it creates. If an earlier call has made an authority there, that one issues
// them. Fill changes nothing if it would overwrite what it has not made.
func Fill(folder string, agencies int, now time.Time) error {
	all := []identity.Files{CentralFiles(folder)}
	for id := range agencies {
		all = append(all, AgencyFiles(folder, lottery.AgencyID(id+1)))
	}
	for _, files := range all {
		if err := checkParticipant(files); err != nil {
			return err
		}
	}
	a, err := openAuthority(folder, now)
	if err != nil {
		return err
	}
	for i, files := range all {
		pair, err := a.issueTo(lottery.AgencyID(i), now)
		if err != nil {
			return err
		}
		if err := writeParticipant(files, a.Certificate(), pair); err != nil {
			return err
		}
	}
	return nil
}

// issueTo issues the certificate of an agency, or for 0 of the central.
func (a *Authority) issueTo(id lottery.AgencyID, now time.Time) (Pair, error) {
	if id == 0 {
		return a.Central(now)
	}
	return a.Agency(id, now)
}

// openAuthority returns the authority of a folder, or makes one.
func openAuthority(folder string, now time.Time) (*Authority, error) {
	path := filepath.Join(folder, authorityFile)
	content, err := identity.ReadRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newAuthority(path, now)
	}
	var a *Authority
	if err == nil {
		a, err = Parse(content)
	}
	if err != nil {
		return nil, fmt.Errorf("%s no se reemplaza: %w", path, err)
	}
	if now.Add(certificateLife).After(a.Expiry()) {
		return nil, fmt.Errorf("%s: la autoridad vence el %s, antes que los certificados (para empezar de nuevo hay que borrar la carpeta)",
			path, a.Expiry().Format(time.DateOnly))
	}
	return a, nil
}

func newAuthority(path string, now time.Time) (*Authority, error) {
	a, err := New(now)
	if err != nil {
		return nil, err
	}
	content, err := a.PEM()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return a, replaceFile(path, content, 0o600)
}

// checkParticipant fails if one of the files exists and is not what this package
// writes there.
func checkParticipant(files identity.Files) error {
	cert, certErr := identity.ReadRegular(files.Cert)
	key, keyErr := identity.ReadRegular(files.Key)
	ca, caErr := identity.ReadRegular(files.CA)
	for _, file := range []struct {
		path  string
		err   error
		check func() error
	}{
		{files.Cert, certErr, func() error { return issued(cert) }},
		{files.Key, keyErr, func() error {
			if bytes.HasPrefix(key, []byte(keyMark)) {
				return nil
			}
			if _, err := tls.X509KeyPair(cert, key); err != nil {
				return errNotOurs
			}
			return nil
		}},
		{files.CA, caErr, func() error { return issued(ca) }},
	} {
		err := file.err
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = file.check()
		}
		if err != nil {
			return fmt.Errorf("%s no se reemplaza: %w", file.path, err)
		}
	}
	return nil
}

// writeParticipant writes a participant's files. They are for every user to read,
// the key too: the users of the containers are not those of the host.
func writeParticipant(files identity.Files, ca []byte, pair Pair) error {
	if err := os.MkdirAll(filepath.Dir(files.Cert), 0o755); err != nil {
		return err
	}
	// The certificate comes last: a program that reads the files in the middle of
	// this finds a key of another certificate, and keeps what it has.
	if err := replaceFile(files.CA, ca, 0o644); err != nil {
		return err
	}
	if err := replaceFile(files.Key, append([]byte(keyMark), pair.Key...), 0o644); err != nil {
		return err
	}
	return replaceFile(files.Cert, pair.Cert, 0o644)
}

// replaceFile writes a file whole, or leaves it as it was.
func replaceFile(path string, content []byte, mode fs.FileMode) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Chmod(mode), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		os.Remove(file.Name())
	}
	return err
}
