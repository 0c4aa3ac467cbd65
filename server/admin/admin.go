// Package admin is the operator's view of the central: health checks, metrics and
// a live board, over HTTP. It shows counts and states, never a bet or a document.
// It knows the central only through a Source, and whatever else is measured
// through collectors; so it serves any implementation of the central.
//
//	/             the board
//	/events       its snapshots, as server-sent events
//	/state.json   one snapshot
//	/livez        200 while the process works
//	/readyz       200 while the central can serve agencies, else 503
//	/metrics      Prometheus' text format
//	/debug/pprof/ Go's profiles, if they are turned on
//
// There is no authentication: the address should be one of loopback.
package admin

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxConnections = 64 // open at once, but for streams; the oldest yields to one more
	maxStreams     = 64 // of /events, open at once; more get 503

	headTimeout  = 5 * time.Second  // for the whole head of a request
	bodyTimeout  = time.Second      // for a body, which nobody reads
	writeTimeout = 10 * time.Second // for an answer, and for each snapshot of a stream
	idleTimeout  = 30 * time.Second // between two requests of a connection
	maxHeader    = 8 << 10          // bytes

	// stopTimeout bounds, after the context of Serve has ended, what waits for a peer.
	stopTimeout = 100 * time.Millisecond
)

// Descriptors is how many file descriptors a server needs at most: for its listener, its
// connections, and the one that is being accepted.
const Descriptors = 1 + maxConnections + maxStreams + 1

// Options are the settings of a server.
type Options struct {
	// Name is the name of the central, which clients may use in a Host header
	// instead of an address or localhost.
	Name string

	// Expected is how many agencies the draw waits for.
	Expected int

	// Pprof serves Go's profiles too.
	Pprof bool
}

// Server answers the operator. Its methods may be called by any goroutine.
type Server struct {
	options  Options
	source   atomic.Pointer[Source]     // nil while what is stored is being read
	log      atomic.Pointer[func() Log] // nil where the central has no replicated log, or not yet
	awaited  atomic.Pointer[error]      // why the central waits for its log
	stopping atomic.Bool
	recorder recorder
	changed  chan struct{} // holds something when the recorder should look at once
	streams  chan struct{} // one for each open stream

	mu         sync.Mutex
	collectors []Collector
}

// New returns a server of a central that is not ready yet.
func New(options Options) *Server {
	s := &Server{options: options, changed: make(chan struct{}, 1), streams: make(chan struct{}, maxStreams)}
	s.collectors = []Collector{s.collectLottery, collectProcess}
	s.recorder.begin(time.Now(), s.observe())
	return s
}

// Watch tells the server that the central is ready, and from where it learns the
// state of the lottery.
func (s *Server) Watch(source Source) {
	s.source.Store(&source)
	select {
	case s.changed <- struct{}{}:
	default: // it is about to look
	}
}

// Await tells the server why a central waits for its log, until WatchLog.
func (s *Server) Await(reason error) { s.awaited.Store(&reason) }

// Stopping tells the server that the central is being stopped. /readyz says so, and
// the open boards too, until the context of Serve ends.
func (s *Server) Stopping() {
	s.stopping.Store(true)
	s.recorder.stop(time.Now())
}

// Serve answers requests until the context ends. Then it closes the listener, the
// streams and the other connections, and returns when no goroutine of its own is
// left. It returns an error if the listener fails or cannot be closed.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	web := &http.Server{
		Handler:           s.handler(),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       withConn,
		ReadHeaderTimeout: headTimeout, // ReadTimeout would end the streams
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(io.Discard, "", 0), // strangers must not fill the log
		ConnState: func(_ net.Conn, state http.ConnState) { // each connection has a goroutine
			switch state {
			case http.StateNew:
				running.Add(1)
			case http.StateClosed:
				running.Done()
			}
		},
	}
	running.Go(func() { s.sample(ctx) })
	closed := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		limit, end := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer end()
		err := web.Shutdown(limit)
		if errors.Is(err, context.DeadlineExceeded) {
			err = web.Close()
		}
		closed <- err
	})
	err := web.Serve(&boundedListener{Listener: listener, most: maxConnections, ended: ctx.Done()})
	cancel() // the listener may have failed
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	err = errors.Join(err, <-closed)
	running.Wait()
	return err
}

// sample records the state of the lottery until the context ends. Nobody else looks
// at the source for the recorder, so what it sees is in order.
func (s *Server) sample(ctx context.Context) {
	ticker := time.NewTicker(samplePeriod)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			s.recorder.tick(time.Now(), s.observe())
		case <-s.changed:
			s.recorder.record(time.Now(), s.observe())
		case <-ctx.Done():
			return
		}
	}
}
