package tcp

import (
	"container/list"
	"context"
	"errors"
	"net"
	"sync"
	"time"

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
// answer fits the socket's empty buffer, so nothing waits for the peer.
func turnAway(socket net.Conn) {
	frame, err := protocol.AppendFrame(nil, &protocol.Error{Status: protocol.StatusBusy, Text: "too many connections"})
	if err == nil {
		_ = socket.SetWriteDeadline(time.Now().Add(stopTimeout))
		_, err = socket.Write(frame)
	}
	logTurnedAway(ip(socket), errors.Join(err, socket.Close()))
}
