package main

import (
	"fmt"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/identity"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/config"
)

// openIdentity reads the files with which the central proves who it is, and with which
// it checks who agencies are. It returns nil if TLS is off.
func openIdentity(cfg config.Config) (*identity.Source, error) {
	if cfg.TLS == config.TLSOff {
		return nil, nil
	}
	files := identity.Files{CA: cfg.TLSCA, Cert: cfg.TLSCert, Key: cfg.TLSKey}
	source, err := identity.NewSource(files, identity.RoleCentral, logCertificate)
	if err != nil {
		return nil, fmt.Errorf("SERVER_TLS is %s: %w", cfg.TLS, err)
	}
	logCertificate(source.Expiry(), nil)
	return source, nil
}
