package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
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

// keepAlive ends a connection whose peer has not answered for 30 s. While the agency waits
// for the draw it sends nothing, and only that notices a link that drops everything. Go's
// default is 150 s.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 4}

// newDial returns a function that makes one attempt to connect to a central, with
// TLS if it is configured. The first attempt goes to any of the addresses, and each
// further one to the next: an attempt follows a failure. newDial fails if the files for
// TLS do not serve.
func newDial(cfg config.Config) (agency.Dial, error) {
	dialAddress, err := newDialAddress(cfg)
	if err != nil {
		return nil, err
	}
	addresses := cfg.ServerAddresses()
	var attempts atomic.Uint64
	attempts.Store(rand.Uint64N(uint64(len(addresses))))
	return func(ctx context.Context) (net.Conn, error) {
		address := addresses[attempts.Add(1)%uint64(len(addresses))]
		conn, err := dialAddress(ctx, address)
		if err != nil {
			return nil, fmt.Errorf("connect to %s: %w", address, err)
		}
		return conn, nil
	}, nil
}

// newDialAddress returns a function that connects to an address, with TLS if it is
// configured.
func newDialAddress(cfg config.Config) (func(ctx context.Context, address string) (net.Conn, error), error) {
	dialer := net.Dialer{Timeout: connectTimeout, KeepAliveConfig: keepAlive}
	plain := func(ctx context.Context, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, reason.Of(err)
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
	return func(ctx context.Context, address string) (net.Conn, error) {
		socket, err := plain(ctx, address)
		if err != nil {
			return nil, err
		}
		name := cfg.TLSServerName
		if name == "" {
			name, _, _ = net.SplitHostPort(address) // the configuration has checked it
		}
		ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
		defer cancel()
		conn := deadline.NewConn(socket)
		layer, err := source.Client(ctx, conn.Below(), name)
		if err != nil {
			return nil, err
		}
		conn.SetLayer(layer)
		return conn, nil
	}, nil
}
