package admin

import (
	"net/http"
	"time"
)

// keepAlive is how often a stream repeats a snapshot that has not changed. So the
// viewer can tell a quiet lottery from a connection that is lost.
const keepAlive = 5 * time.Second

func (s *Server) serveState(w http.ResponseWriter, _ *http.Request) {
	encoded, _ := s.recorder.latest()
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(encoded) // the viewer may have gone
}

// serveEvents sends each snapshot as a server-sent event. A viewer that reads
// slowly misses those between; it never holds up anybody else.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		http.Error(w, "too many viewers", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == http.MethodHead {
		return
	}
	keep(r.Context())
	controller := http.NewResponseController(w)
	for {
		encoded, changed := s.recorder.latest()
		event := append(append([]byte("data: "), encoded...), "\n\n"...)
		_ = controller.SetWriteDeadline(time.Now().Add(writeTimeout)) // an error would show in Write
		if _, err := w.Write(event); err != nil {
			return
		}
		if err := controller.Flush(); err != nil {
			return
		}
		select {
		case <-changed:
		case <-time.After(keepAlive):
		case <-r.Context().Done():
			select {
			case <-changed: // the last snapshot, which says that the central stops
			default:
				return
			}
		}
	}
}
