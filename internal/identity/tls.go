package identity

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/reason"
)

// Central returns the central's side of TLS: version 1.3 only, with the default
// curves. A client must have an agency's certificate from one of the authorities.
// There are no session tickets: a resumed session would outlive a replaced
// authority.
func (s *Source) Central() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			current := s.credentials()
			return &tls.Config{
				MinVersion:             tls.VersionTLS13,
				Certificates:           []tls.Certificate{current.certificate},
				ClientAuth:             tls.RequireAndVerifyClientCert,
				ClientCAs:              current.authorities,
				SessionTicketsDisabled: true,

				DynamicRecordSizingDisabled: true, // small records at the start would only cost
				VerifyConnection: func(state tls.ConnectionState) error {
					_, err := Agency(state.PeerCertificates[0])
					return err
				},
			}, nil
		},
	}
}

// Peer returns the agency that the client of a finished handshake has proved to be.
func Peer(c *tls.Conn) (lottery.AgencyID, error) {
	peers := c.ConnectionState().PeerCertificates
	if len(peers) == 0 {
		return 0, errors.New("the client has shown no certificate")
	}
	return Agency(peers[0])
}

// RefusedError says that one side of a connection does not take the other's
// certificate. To connect again is no use.
type RefusedError struct{ err error }

func (e *RefusedError) Error() string { return e.err.Error() }
func (e *RefusedError) Unwrap() error { return e.err }

// Client makes a connection that was just dialled an agency's side of TLS, and
// shakes hands: the central must have a certificate for that name. A failed
// handshake closes the connection; its error wraps a *RefusedError if trying again
// is no use. To close the connection at once, close the one below TLS: tls.Conn waits
// for a peer that does not read.
//
// With TLS 1.3 the central looks at the client's certificate after the client has
// shaken hands. The first Read tells that it refuses, also with a *RefusedError.
func (s *Source) Client(ctx context.Context, socket net.Conn, serverName string) (net.Conn, error) {
	current := s.credentials()
	secured := tls.Client(socket, &tls.Config{
		MinVersion:   tls.VersionTLS13,
		ServerName:   serverName,
		RootCAs:      current.authorities,
		Certificates: []tls.Certificate{current.certificate},

		DynamicRecordSizingDisabled: true, // small records at the start would only cost
	})
	if err := secured.HandshakeContext(ctx); err != nil {
		socket.Close()
		return nil, s.handshakeFailed(err)
	}
	return &clientConn{Conn: secured, files: s.files}, nil
}

func (s *Source) handshakeFailed(err error) error {
	var foreign *tls.CertificateVerificationError
	var clear tls.RecordHeaderError
	switch {
	case errors.As(err, &foreign):
		return &RefusedError{fmt.Errorf("the central's certificate is not accepted: %w (%s says which authorities are)", foreign.Err, s.files.CA)}
	case isAlert(err):
		return &RefusedError{fmt.Errorf("the central refuses the TLS handshake: %w", reason.Of(err))}
	case errors.As(err, &clear) && clear.RecordHeader[0] == 0:
		return errors.New("the central answered TLS with a frame in clear: it is busy")
	case errors.As(err, &clear):
		return &RefusedError{errors.New("the server does not speak TLS")}
	}
	return fmt.Errorf("TLS handshake (does the central have SERVER_TLS = required?): %w", reason.Of(err))
}

// isAlert returns whether an error is a TLS alert that the other side has sent.
func isAlert(err error) bool {
	var remote *net.OpError
	return errors.As(err, &remote) && remote.Op == "remote error"
}

// clientConn is an agency's connection.
type clientConn struct {
	*tls.Conn
	files Files
}

func (c *clientConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil && isAlert(err) {
		err = &RefusedError{fmt.Errorf("the central refuses the certificate in %s: %w", c.files.Cert, reason.Of(err))}
	}
	return n, err
}
