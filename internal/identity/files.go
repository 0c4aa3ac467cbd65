package identity

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/reason"
)

// Files are the paths of what proves an identity, all in PEM.
type Files struct {
	CA   string // the authorities that the other side's certificate may come from
	Cert string // the own certificate, and after it the intermediate ones, if any
	Key  string // the private key of the own certificate
}

// credentials are what the files hold.
type credentials struct {
	authorities *x509.CertPool
	certificate tls.Certificate
}

// expiry is when the own certificate expires.
func (c *credentials) expiry() time.Time { return c.certificate.Leaf.NotAfter }

// read reads and checks the files. The error names the file at fault and the
// remedy.
func (f Files) read(role Role, now time.Time) (*credentials, error) {
	ca, err := readFile(f.CA)
	if err != nil {
		return nil, err
	}
	authorities, err := parseAuthorities(ca, now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.CA, err)
	}
	certPEM, err := readFile(f.Cert)
	if err != nil {
		return nil, err
	}
	leaf, err := parseLeaf(certPEM)
	if err == nil {
		err = valid(leaf, now)
	}
	if err == nil {
		err = role.check(leaf)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Cert, err)
	}
	keyPEM, err := readFile(f.Key)
	if err != nil {
		return nil, err
	}
	certificate, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		// The certificate is good, so the key is not, or it is that of another.
		return nil, fmt.Errorf("%s: not the private key of the certificate in %s: %w", f.Key, f.Cert, err)
	}
	return &credentials{authorities: authorities, certificate: certificate}, nil
}

// maxFile bounds a file of certificates, in bytes. All authorities of the web need
// a quarter of it.
const maxFile = 1 << 20

func readFile(path string) ([]byte, error) {
	content, err := ReadRegular(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%s: %w (this program's user must be able to read it: chmod a+r %[1]s)", path, reason.Of(err))
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: %w (make certificados makes certificates for development)", path, reason.Of(err))
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, reason.Of(err))
	}
	return content, nil
}

// ReadRegular reads a file of a moderate size. It refuses pipes and devices, on which a
// read could wait for ever or never end.
func ReadRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("is a directory")
	case !info.Mode().IsRegular():
		return nil, errors.New("is not a regular file")
	case info.Size() > maxFile:
		return nil, fmt.Errorf("has more than %d bytes", maxFile)
	}
	return os.ReadFile(path)
}

// certificates returns the certificates of a PEM file, of which there must be one at
// least.
func certificates(content []byte) (all []*x509.Certificate, err error) {
	for {
		var block *pem.Block
		if block, content = pem.Decode(content); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, certificate)
	}
	if all == nil {
		return nil, errors.New("no certificate in PEM (-----BEGIN CERTIFICATE-----)")
	}
	return all, nil
}

func parseLeaf(content []byte) (*x509.Certificate, error) {
	all, err := certificates(content)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// parseAuthorities returns the authorities of a PEM file. It fails if none of them
// is valid now.
func parseAuthorities(content []byte, now time.Time) (*x509.CertPool, error) {
	all, err := certificates(content)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	var invalid error
	usable := 0
	for _, authority := range all {
		err := valid(authority, now)
		if err == nil && !authority.IsCA {
			err = errors.New("the certificate is not an authority's")
		}
		if err != nil {
			invalid = err
			continue
		}
		pool.AddCert(authority)
		usable++
	}
	if usable == 0 {
		return nil, invalid
	}
	return pool, nil
}

// valid returns an error if a certificate is not valid now.
func valid(certificate *x509.Certificate, now time.Time) error {
	switch {
	case now.After(certificate.NotAfter):
		return fmt.Errorf("the certificate expired on %s (put a new one in its place)", certificate.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(certificate.NotBefore):
		return fmt.Errorf("the certificate is not valid before %s (is this machine's clock right?)", certificate.NotBefore.UTC().Format(time.RFC3339))
	}
	return nil
}
