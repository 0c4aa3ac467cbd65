package tcp

import (
	"container/list"
	"sync"
)

// slots bounds the connections that are open at once. When all slots are taken,
// the oldest connection that nobody needs is evicted for the next: one that has
// not said who it is, or one whose session is over and that only listens on.
type slots struct {
	capacity int // 0 = no bound

	mu        sync.Mutex
	freed     sync.Cond // signalled when a slot is given back
	open      int       // slots taken, those of evicted connections included
	leaving   int       // evicted, and not closed yet
	evictable list.List // of *slot, the oldest first
}

// slot is a connection's place among the open ones.
type slot struct {
	evict   func()        // ends the connection without any help of its peer
	element *list.Element // in evictable; nil if it is not there
	evicted bool
}

func newSlots(capacity int) *slots {
	s := &slots{capacity: capacity}
	s.freed.L = &s.mu
	return s
}

// enter takes a slot for a connection that evict ends. If all are taken it evicts
// one, and waits until that is closed: this takes no peer's help. It returns nil
// if none can be evicted.
func (s *slots) enter(evict func()) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.capacity > 0 && s.open >= s.capacity {
		if s.leaving == 0 && !s.evictOldest() {
			return nil
		}
		s.freed.Wait()
	}
	s.open++
	entered := &slot{evict: evict}
	entered.element = s.evictable.PushBack(entered)
	return entered
}

// evictOne evicts a connection, if one can be.
func (s *slots) evictOne() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.evictOldest()
}

// evictOldest tells whether a connection could be evicted. The caller holds s.mu.
func (s *slots) evictOldest() bool {
	oldest := s.evictable.Front()
	if oldest == nil {
		return false
	}
	evicted := s.evictable.Remove(oldest).(*slot)
	evicted.element, evicted.evicted = nil, true
	s.leaving++
	evicted.evict()
	return true
}

// keep makes a connection one that is needed: its peer has said who it is. It
// returns false if the connection was evicted before.
func (s *slots) keep(kept *slot) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept.element != nil {
		s.evictable.Remove(kept.element)
		kept.element = nil
	}
	return !kept.evicted
}

// offer makes a connection one that may be evicted: its session is over.
func (s *slots) offer(offered *slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if offered.element == nil && !offered.evicted {
		offered.element = s.evictable.PushBack(offered)
	}
}

// leave gives the slot of a closed connection back.
func (s *slots) leave(left *slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left.element != nil {
		s.evictable.Remove(left.element)
		left.element = nil
	}
	if left.evicted {
		s.leaving--
	}
	s.open--
	s.freed.Signal()
}
