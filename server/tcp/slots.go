package tcp

import (
	"container/list"
	"sync"
)

// slots bounds the connections that are open at once. When all slots are taken, a
// connection that nobody needs is evicted to make room for the next. That is one whose
// peer has not sent its HELLO, one that was superseded, or one whose session is over
// and that only discards what its peer still sends.
type slots struct {
	capacity int // 0 = no bound

	mu        sync.Mutex
	open      int
	evictable list.List // of *slot, in the order in which they became evictable
}

// slot is a connection's place among the open ones.
type slot struct {
	evict   func()        // closes the connection at once
	element *list.Element // in evictable; nil if it is not there
	free    bool          // the slot was given back
}

// enter takes a slot for a connection that evict closes. If all are taken it evicts
// one. It returns nil if none can be evicted.
func (s *slots) enter(evict func()) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.capacity > 0 && s.open >= s.capacity && !s.evictFirst() {
		return nil
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
	s.evictFirst()
}

// evictFirst evicts the connection that became evictable first. It returns false if
// none can be evicted. The caller holds s.mu.
func (s *slots) evictFirst() bool {
	first := s.evictable.Front()
	if first == nil {
		return false
	}
	evicted := first.Value.(*slot)
	evicted.evict()
	s.free(evicted)
	return true
}

// keep makes a connection one that may not be evicted, because its peer has sent its
// HELLO. It returns false if the connection was evicted before.
func (s *slots) keep(kept *slot) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(kept)
	return !kept.free
}

// offer makes a connection one that may be evicted: nobody needs it any more.
func (s *slots) offer(offered *slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if offered.element == nil && !offered.free {
		offered.element = s.evictable.PushBack(offered)
	}
}

// leave gives the slot of a closed connection back, unless it was evicted.
func (s *slots) leave(left *slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free(left)
}

// free gives a slot back, once. The caller holds s.mu.
func (s *slots) free(freed *slot) {
	s.remove(freed)
	if !freed.free {
		freed.free = true
		s.open--
	}
}

// taken returns how many slots are taken.
func (s *slots) taken() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return uint64(s.open)
}

// remove takes a slot out of those that may be evicted. The caller holds s.mu.
func (s *slots) remove(removed *slot) {
	if removed.element != nil {
		s.evictable.Remove(removed.element)
		removed.element = nil
	}
}
