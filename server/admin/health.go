package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// check is one line of a health check. err is nil if all is well.
type check struct {
	name string
	err  error
}

var (
	errRecovering = errors.New("what is stored is being read")
	errStopping   = errors.New("the central is being stopped")
)

// readiness returns whether the central can serve agencies.
func (s *Server) readiness() []check {
	recovering, storage, stopping := check{name: "recovering"}, check{name: "storage"}, check{name: "stopping"}
	if source := s.source.Load(); source != nil {
		storage.err = (*source).Storage()
	} else if reason := s.awaited.Load(); reason != nil && s.log.Load() == nil {
		recovering.err = *reason
	} else {
		recovering.err = errRecovering
	}
	if s.stopping.Load() {
		stopping.err = errStopping
	}
	return []check{recovering, storage, stopping}
}

func (s *Server) serveReady(w http.ResponseWriter, _ *http.Request) { answer(w, s.readiness()) }

// serveLive answers while the process can: a central whose storage is failing must
// not be started again for that.
func (s *Server) serveLive(w http.ResponseWriter, _ *http.Request) {
	answer(w, []check{{name: "process"}})
}

// answer writes a line for each check, and 503 if one has failed.
func answer(w http.ResponseWriter, checks []check) {
	status := http.StatusOK
	var lines strings.Builder
	for _, c := range checks {
		if c.err == nil {
			fmt.Fprintf(&lines, "%s: ok\n", c.name)
			continue
		}
		status = http.StatusServiceUnavailable
		fmt.Fprintf(&lines, "%s: fail: %s\n", c.name, strings.ReplaceAll(c.err.Error(), "\n", "; "))
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, lines.String()) // whoever asks may have gone
}

// askTimeout bounds Ask. The health check of the compose file allows more.
const askTimeout = 2 * time.Second

// Ask asks the server at an admin address whether the central is ready, and returns
// the lines of its checks. It fails if the central is not ready or does not answer,
// and if the address is empty. An address of all interfaces is asked on loopback.
func Ask(ctx context.Context, address string) (lines string, err error) {
	if address == "" {
		return "", errors.New("SERVER_ADMIN_ADDRESS is not set: the central has no admin port to ask")
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("admin address: %w", err)
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	// The server answers to the name localhost whatever the name of its address is.
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/readyz", nil)
	if err != nil {
		return "", err
	}
	direct := &http.Transport{ // without a proxy of the environment
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(host, port))
		},
	}
	response, err := direct.RoundTrip(request)
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", address, err)
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	body, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("the central is not ready: status %d", response.StatusCode)
	}
	return string(body), err
}
