package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/agency"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/config"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/deadline"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/reason"
)

const (
	// connectTimeout bounds one attempt to connect.
	connectTimeout = 5 * time.Second

	// handshakeTimeout bounds the TLS handshake after it. A central that many
	// agencies reach at once takes some milliseconds for each.
	handshakeTimeout = 10 * time.Second
)

// newDial returns a function that makes one attempt to connect to the server, with
// TLS if it is configured. It fails if the files for TLS do not serve.
func newDial(cfg config.Config) (agency.Dial, error) {
	dialer := net.Dialer{Timeout: connectTimeout}
	plain := func(ctx context.Context) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, "tcp", cfg.ServerAddress)
		if err != nil {
			return nil, fmt.Errorf("connect to %s: %w", cfg.ServerAddress, reason.Of(err))
		}
		return conn, nil
	}
	if cfg.TLSCA == "" {
		return plain, nil
	}
	files := identity.Files{CA: cfg.TLSCA, Cert: cfg.TLSCert, Key: cfg.TLSKey}
	source, err := identity.NewSource(files, identity.RoleAgency, logReloaded)
	if err != nil {
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return func(ctx context.Context) (net.Conn, error) {
		socket, err := plain(ctx)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
		defer cancel()
		conn := deadline.NewConn(socket)
		layer, err := source.Client(ctx, conn.Below(), cfg.TLSServerName)
		if err != nil {
			return nil, fmt.Errorf("connect to %s: %w", cfg.ServerAddress, err)
		}
		conn.SetLayer(layer)
		return conn, nil
	}, nil
}
