package admin

import (
	"bytes"
	"embed"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strings"
	"time"
)

// static holds the board.
//
//go:embed static
var static embed.FS

// policy lets the board load nothing but its own files. Its icon is in a data: URL.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// handler returns what answers all requests.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.serveBoard)
	mux.Handle("GET /board.css", page("board.css", "text/css; charset=utf-8"))
	mux.Handle("GET /board.js", page("board.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /events", s.serveEvents)
	mux.HandleFunc("GET /state.json", s.serveState)
	mux.HandleFunc("GET /livez", s.serveLive)
	mux.HandleFunc("GET /readyz", s.serveReady)
	mux.HandleFunc("GET /metrics", s.serveMetrics)
	if s.options.Pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return s.guard(mux)
}

// guard answers nobody who means another host: with a name of its own that points
// here, a foreign site could read what the operator sees (DNS rebinding).
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Security-Policy", policy)
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		if r.ContentLength != 0 { // the server waits for the end of a body
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
		}
		if !s.means(r.Host) {
			http.Error(w, "this host is not served: use an address, localhost or SERVER_IP", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// means returns whether a Host header names this server: by an address, as localhost,
// or by the name of the central.
func (s *Server) means(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host != "" && (strings.EqualFold(host, "localhost") || strings.EqualFold(host, s.options.Name))
}

// firstState is where the board's page takes the state of its beginning.
const firstState = `<script id="first" type="application/json">`

// serveBoard serves the page of the board with the present state in it, so that the
// page shows it at once. The JSON holds no "<" that could end its element: Marshal
// escapes it.
func (s *Server) serveBoard(w http.ResponseWriter, _ *http.Request) {
	content, err := static.ReadFile("static/index.html")
	if err != nil {
		panic(err) // the file is embedded
	}
	encoded, _ := s.recorder.latest()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(bytes.Replace(content, []byte(firstState), append([]byte(firstState), encoded...), 1)) // the viewer may have gone
}

// page serves a file of the board.
func page(name, contentType string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, err := static.ReadFile("static/" + name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(content) // the viewer may have gone
	})
}
