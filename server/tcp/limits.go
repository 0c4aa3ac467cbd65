package tcp

import (
	"errors"
	"sync"
	"time"
)

// errTooManyHellos is why a HELLO is refused that came too soon after others.
var errTooManyHellos = errors.New("too many HELLOs of this address within a second")

// helloLimit bounds how many HELLOs of one address are accepted within a second.
type helloLimit struct {
	most int // 0 = no limit

	mu     sync.Mutex
	begin  time.Time // of the second that is counted
	hellos map[string]int
}

// allow counts a HELLO that comes now. It returns false if it is one too many.
func (l *helloLimit) allow(address string) bool {
	if l.most == 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); l.hellos == nil || now.Sub(l.begin) >= time.Second {
		l.begin, l.hellos = now, make(map[string]int)
	}
	if l.hellos[address] >= l.most {
		return false
	}
	l.hellos[address]++
	return true
}
