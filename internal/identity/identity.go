// Package identity says who is at the other end of a connection: agencies and
// central prove it with certificates, over TLS 1.3. It reads the certificate files,
// checks them, and reads them again when they were replaced.
package identity

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// An agency's certificate names it with a SPIFFE ID, its only URI:
//
//	spiffe://loteria.local/agencia/N
//
// See https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md. The common
// name means nothing.
const (
	trustDomain = "loteria.local"
	agencyPath  = "/agencia/"
)

// AgencyURI returns the URI that names an agency in its certificate.
func AgencyURI(id lottery.AgencyID) *url.URL {
	return &url.URL{Scheme: "spiffe", Host: trustDomain, Path: agencyPath + strconv.FormatUint(uint64(id), 10)}
}

// Agency returns which agency a certificate names. It fails unless the certificate
// has exactly one URI, and that is an agency's in its only spelling.
func Agency(certificate *x509.Certificate) (lottery.AgencyID, error) {
	if n := len(certificate.URIs); n != 1 {
		return 0, fmt.Errorf("the certificate has %d URIs where one names the agency", n)
	}
	uri := certificate.URIs[0]
	id, err := strconv.ParseUint(strings.TrimPrefix(uri.Path, agencyPath), 10, 32)
	if err != nil || id == 0 || uri.String() != AgencyURI(lottery.AgencyID(id)).String() {
		return 0, fmt.Errorf("the certificate's URI %q is not %s", uri, "spiffe://"+trustDomain+agencyPath+"N")
	}
	return lottery.AgencyID(id), nil
}

// Role is what a certificate lets its owner be.
type Role int

// The roles.
const (
	RoleCentral Role = iota
	RoleAgency
)

// check returns why a certificate does not serve for the role.
func (r Role) check(certificate *x509.Certificate) error {
	if r == RoleAgency {
		if _, err := Agency(certificate); err != nil {
			return err
		}
		return checkUsage(certificate, x509.ExtKeyUsageClientAuth, "a client's (clientAuth): is it the central's?")
	}
	if len(certificate.DNSNames)+len(certificate.IPAddresses) == 0 {
		return errors.New("the certificate has no DNS name and no address that agencies could check: is it an agency's?")
	}
	return checkUsage(certificate, x509.ExtKeyUsageServerAuth, "a server's (serverAuth)")
}

// checkUsage fails if the certificate says what it is for, and that is something
// else.
func checkUsage(certificate *x509.Certificate, wanted x509.ExtKeyUsage, name string) error {
	if len(certificate.ExtKeyUsage)+len(certificate.UnknownExtKeyUsage) == 0 {
		return nil
	}
	for _, usage := range certificate.ExtKeyUsage {
		if usage == wanted || usage == x509.ExtKeyUsageAny {
			return nil
		}
	}
	return fmt.Errorf("the certificate may not be used as %s", name)
}
