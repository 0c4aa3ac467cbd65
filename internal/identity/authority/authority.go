// Package authority issues certificates for development and for tests. It is not an
// authority for production: it keeps its key in a file, and revokes nothing.
package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// Organization is in the subject of every certificate made here. It tells them from
// those of somebody else.
const Organization = "Loteria Nacional (desarrollo)"

const (
	authorityLife   = 10 * 365 * 24 * time.Hour
	certificateLife = 365 * 24 * time.Hour

	// clockSkew is how much a machine's clock may be behind that of the one where a
	// certificate was made.
	clockSkew = time.Hour
)

// CentralNames are the names that the central's certificate holds: those of the
// containers, of a cluster of up to nine, and of this machine.
var CentralNames = []string{
	"server", "server1", "server2", "server3", "server4", "server5", "server6", "server7", "server8", "server9",
	"localhost", "127.0.0.1", "::1",
}

// Authority is a certificate authority with its key.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// Pair is a certificate and its private key, both in PEM.
type Pair struct{ Cert, Key []byte }

// New makes an authority that is valid from now on.
func New(now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{Organization}, CommonName: "CA de desarrollo"},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(authorityLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true, // it issues to participants only
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &Authority{certificate, key}, nil
}

// Parse reads an authority that PEM has written. It fails if somebody else has made
// it.
func Parse(content []byte) (*Authority, error) {
	pair, err := tls.X509KeyPair(content, content)
	if err != nil {
		return nil, err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA || !ours(pair.Leaf.Subject) {
		return nil, errNotOurs
	}
	return &Authority{pair.Leaf, key}, nil
}

// PEM returns the authority's key and certificate.
func (a *Authority) PEM() ([]byte, error) {
	pair, err := encode(a.certificate.Raw, a.key)
	return slices.Concat(pair.Key, pair.Cert), err
}

// Certificate returns the authority's certificate in PEM.
func (a *Authority) Certificate() []byte { return encodeCertificate(a.certificate.Raw) }

var errNotOurs = errors.New("no lo hizo make certificados (hay que moverlo antes a otro lado)")

// issued fails unless a development authority, of whatever age, has issued the first
// certificate of a PEM file.
func issued(content []byte) error {
	block, _ := pem.Decode(content)
	if block == nil {
		return errNotOurs
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !ours(certificate.Issuer) {
		return errNotOurs
	}
	return nil
}

func ours(name pkix.Name) bool { return slices.Equal(name.Organization, []string{Organization}) }

// Expiry is when the authority's certificate expires.
func (a *Authority) Expiry() time.Time { return a.certificate.NotAfter }

// Central issues a certificate for a central with CentralNames.
func (a *Authority) Central(now time.Time) (Pair, error) {
	return a.Issue(Request{CommonName: "central", Names: CentralNames, Usage: x509.ExtKeyUsageServerAuth, From: now})
}

// Agency issues a certificate for an agency.
func (a *Authority) Agency(id lottery.AgencyID, now time.Time) (Pair, error) {
	return a.Issue(Request{
		CommonName: fmt.Sprintf("agencia %d", id),
		URIs:       []*url.URL{identity.AgencyURI(id)},
		Usage:      x509.ExtKeyUsageClientAuth,
		From:       now,
	})
}

// Request is what a certificate is to say. Tests ask for certificates that must be
// refused.
type Request struct {
	CommonName string
	Names      []string // DNS names and addresses
	URIs       []*url.URL
	Usage      x509.ExtKeyUsage
	From       time.Time // it is valid for a year from then on, or until the authority expires
}

// Issue issues a certificate for a new key.
func (a *Authority) Issue(r Request) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{Organization}, CommonName: r.CommonName},
		NotBefore:             r.From.Add(-clockSkew),
		NotAfter:              r.From.Add(certificateLife),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{r.Usage},
		BasicConstraintsValid: true,
		URIs:                  r.URIs,
	}
	if template.NotAfter.After(a.Expiry()) {
		template.NotAfter = a.Expiry()
	}
	for _, name := range r.Names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return Pair{}, err
	}
	return encode(der, key)
}

func encode(certificate []byte, key *ecdsa.PrivateKey) (Pair, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, err
	}
	return Pair{
		Cert: encodeCertificate(certificate),
		Key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}, nil
}

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
