package tcp

import (
	"container/list"
	"context"
	"errors"
	"net"
	"sync"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/deadline"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// errYielded is why a connection ends that made room for another.
var errYielded = errors.New("made room for another connection")

// admission bounds the connections that are open at once. When there is no
// room, the oldest that has not said who it is yields to the newcomer.
type admission struct {
	capacity int

	mu        sync.Mutex
	open      int
	strangers list.List // of context.CancelCauseFunc: not greeted yet, the oldest first
}

// seat is a connection's place among the open ones. Its element is nil once it
// has greeted.
type seat struct {
	stranger *list.Element // guarded by admission.mu
}

// enter takes a seat for a connection that cancel ends. Without room it
// returns false.
func (a *admission) enter(cancel context.CancelCauseFunc) (*seat, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open >= a.capacity {
		oldest := a.strangers.Front()
		if oldest == nil {
			return nil, false
		}
		// Removed, so that each makes room for one only.
		a.strangers.Remove(oldest).(context.CancelCauseFunc)(errYielded)
	}
	a.open++
	return &seat{stranger: a.strangers.PushBack(cancel)}, true
}

// greet notes that the connection has said who it is: it will not be asked to
// yield.
func (a *admission) greet(s *seat) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.stranger != nil {
		a.strangers.Remove(s.stranger)
		s.stranger = nil
	}
}

// leave gives the seat back.
func (a *admission) leave(s *seat) {
	a.greet(s)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open--
}

// turnAway tells a new connection that there is no room, and closes it. The
// accept loop, which calls it, waits for nothing: the answer fits the socket's
// empty buffer, and a goroutine listens to the peer until it has read that. When
// many do so already the connection is closed at once.
func (s *Server) turnAway(ctx context.Context, socket net.Conn) {
	c := deadline.NewConn(socket)
	c.Hasten(stopTimeout)
	frame, err := protocol.AppendFrame(nil, &protocol.Error{Status: protocol.StatusBusy, Text: "too many connections"})
	if err == nil {
		_, err = c.Write(frame)
	}
	select {
	case s.farewells <- struct{}{}:
		s.sessions.Go(func() {
			defer func() { <-s.farewells }()
			bound := context.AfterFunc(ctx, func() { c.Bound(stopTimeout) })
			defer bound()
			c.Drain(drainTimeout)
			logTurnedAway(ip(socket), errors.Join(err, c.Close()))
		})
	default:
		logTurnedAway(ip(socket), errors.Join(err, c.Close()))
	}
}
