package admin

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// fakeSource is a central whose state a test sets.
type fakeSource struct {
	mu      sync.Mutex
	lottery Lottery
	storage error
}

func (f *fakeSource) Lottery() Lottery {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lottery
}

func (f *fakeSource) Storage() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.storage
}

func (f *fakeSource) set(l Lottery, storage error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lottery, f.storage = l, storage
}

// running is a server that serves on a port of loopback.
type running struct {
	*Server
	address string
	stop    func() // and waits until Serve has returned
}

func serve(t *testing.T, options Options) *running {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{Server: New(options), address: listener.Addr().String()}
	ended := make(chan error, 1)
	go func() { ended <- r.Serve(ctx, listener) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// get asks for a path, by the name of a host if one is given.
func (r *running) get(t *testing.T, path, host string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestHealth(t *testing.T) {
	r := serve(t, Options{Expected: 1})
	source := new(fakeSource)
	check := func(state string, status int, line string) {
		t.Helper()
		if response, _ := r.get(t, "/livez", ""); response.StatusCode != http.StatusOK {
			t.Errorf("%s: /livez gives %d", state, response.StatusCode)
		}
		response, body := r.get(t, "/readyz", "")
		if response.StatusCode != status || strings.Count(body, "\n") != 3 || !strings.Contains(body, line) {
			t.Errorf("%s: /readyz gives %d and\n%s, want %d and %q", state, response.StatusCode, body, status, line)
		}
		lines, err := Ask(t.Context(), r.address)
		if lines != body || (err == nil) != (status == http.StatusOK) {
			t.Errorf("%s: Ask gives %q, %v", state, lines, err)
		}
	}
	check("recovering", 503, "recovering: fail: ")
	r.Watch(source)
	check("ready", 200, "recovering: ok\nstorage: ok\nstopping: ok\n")
	source.set(Lottery{}, errors.New("disk\nfull"))
	check("failing", 503, "storage: fail: disk; full\n")
	source.set(Lottery{}, nil)
	check("ready again", 200, "storage: ok\n")
	r.Stopping()
	check("stopping", 503, "stopping: fail: ")
}

func TestAskFails(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := nobody.Addr().String()
	defer nobody.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond) // nobody answers
	defer cancel()
	for _, address := range []string{"", "no-port", "127.0.0.1:x", address} {
		if lines, err := Ask(ctx, address); err == nil || lines != "" {
			t.Errorf("%q: %q, %v", address, lines, err)
		}
	}
}

func TestAskOnLoopback(t *testing.T) {
	r := serve(t, Options{})
	r.Watch(new(fakeSource))
	_, port, _ := net.SplitHostPort(r.address)
	for _, host := range []string{"", "0.0.0.0", "[::]", "localhost", "127.0.0.1"} {
		if _, err := Ask(t.Context(), host+":"+port); err != nil {
			t.Errorf("%q: %v", host, err)
		}
	}
}

// The admin address may have a name that the server does not answer to.
func TestAskNamesLocalhost(t *testing.T) {
	hosts := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { hosts <- r.Host }))
	defer server.Close()
	if _, err := Ask(t.Context(), server.Listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if host := <-hosts; host != "localhost" {
		t.Errorf("asks for host %q", host)
	}
}

func TestHost(t *testing.T) {
	r := serve(t, Options{Name: "server"})
	for host, want := range map[string]int{
		"": 200, "localhost": 200, "LOCALHOST:12346": 200, "127.0.0.1:12346": 200, "10.1.2.3": 200, "[::1]:12346": 200, "[::1]": 200,
		"server": 200, "Server:1": 200,
		"example.com": 403, "example.com:12346": 403, "localhost.example.com": 403, "localhost.": 403, "127.0.0.1.example.com": 403,
		"server.example.com": 403, "xserver": 403,
	} {
		if response, body := r.get(t, "/livez", host); response.StatusCode != want {
			t.Errorf("host %q: %d, want %d: %s", host, response.StatusCode, want, body)
		}
	}
}

func TestHeaders(t *testing.T) {
	r := serve(t, Options{})
	for _, path := range []string{"/", "/board.js", "/board.css", "/state.json", "/metrics", "/none"} {
		response, _ := r.get(t, path, "")
		policy := response.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") ||
			response.Header.Get("Cache-Control") != "no-store" || response.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, response.Header)
		}
	}
}

func TestMethods(t *testing.T) {
	r := serve(t, Options{})
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "DELETE": 405, "OPTIONS": 405} {
		for _, path := range []string{"/state.json", "/livez", "/metrics"} {
			request, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.address+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			if response.Body.Close(); response.StatusCode != want {
				t.Errorf("%s %s: %d, want %d", method, path, response.StatusCode, want)
			}
		}
	}
}

func TestPprof(t *testing.T) {
	for on, want := range map[bool]int{false: 404, true: 200} {
		r := serve(t, Options{Pprof: on})
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/goroutine?debug=1", "/debug/pprof/cmdline"} {
			if response, _ := r.get(t, path, ""); response.StatusCode != want {
				t.Errorf("%s, pprof %v: %d, want %d", path, on, response.StatusCode, want)
			}
		}
	}
}

// Whoever opens more connections than the bound keeps nobody from asking, and closes no
// stream.
func TestConnectionsAreBounded(t *testing.T) {
	r := serve(t, Options{})
	viewer := r.view(t)
	viewer.next()
	for _, request := range []string{"", "GET /livez HTTP/1.1\r\nHost: loc", "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"} {
		var open []net.Conn
		for range 2 * maxConnections {
			conn, err := net.Dial("tcp", r.address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, request) // it may be closed already
			open = append(open, conn)
		}
		if _, err := Ask(t.Context(), r.address); err == nil || !strings.Contains(err.Error(), "status 503") { // it is recovering
			t.Errorf("after connections that sent %q: %v", request, err)
		}
		_ = open[0].SetReadDeadline(time.Now().Add(3 * time.Second))
		if _, err := io.Copy(io.Discard, open[0]); isTimeout(err) {
			t.Errorf("the oldest connection, which sent %q, is still open", request)
		}
	}
	r.Watch(new(fakeSource))
	viewer.until(func(shown snapshot) bool { return shown.State != centralRecovering })
}

// exhausted is a listener of a process that has no file descriptors left.
type exhausted struct {
	net.Listener
	closed chan struct{}
}

func (e *exhausted) Accept() (net.Conn, error) {
	select {
	case <-e.closed:
		return nil, net.ErrClosed
	default:
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
}

func (e *exhausted) Close() error {
	close(e.closed)
	return nil
}

// A process without file descriptors stops as quickly.
func TestStopWithoutDescriptors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- New(Options{}).Serve(ctx, &exhausted{closed: make(chan struct{})}) }()
		time.Sleep(10 * time.Second)
		cancel()
		begin := time.Now()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took > stopTimeout {
			t.Errorf("the stop took %v", took)
		}
	})
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// A body whose end never comes holds no connection.
func TestBodiesAreBounded(t *testing.T) {
	r := serve(t, Options{})
	conn, err := net.Dial("tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n")
	_ = conn.SetReadDeadline(time.Now().Add(5 * bodyTimeout))
	if _, err := io.ReadAll(conn); isTimeout(err) {
		t.Error("the connection is still open")
	}
}
