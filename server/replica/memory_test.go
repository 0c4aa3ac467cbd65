package replica

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"sync"
	"time"
)

// memoryLog is a Log in memory. With a random it does what a log over a network does
// now and then: it loses entries, stores them twice or late, and loses
// acknowledgements.
type memoryLog struct {
	mu         sync.Mutex // guards all
	random     *rand.Rand // nil: nothing goes wrong
	headers    [][]string
	bodies     [][]byte
	grown      chan struct{} // closed when an entry comes
	checkpoint []byte
	silent     bool // nothing is stored, and nobody answers
}

var (
	errLost   = errors.New("the connection is lost")
	errSilent = errors.New("no leader")
)

func newMemoryLog(random *rand.Rand) *memoryLog {
	return &memoryLog{random: random, grown: make(chan struct{})}
}

func (l *memoryLog) Append(entry Entry) <-chan error {
	l.mu.Lock()
	defer l.mu.Unlock()
	acked := make(chan error, 1)
	if l.silent {
		return acked
	}
	if l.random == nil {
		l.store(entry)
		acked <- nil
		return acked
	}
	switch l.random.IntN(20) {
	case 0: // lost, and nobody knows
	case 1: // lost
		acked <- errLost
	case 2: // stored, but only the acknowledgement is lost
		l.store(entry)
	case 3: // stored, but an error comes
		l.store(entry)
		acked <- errLost
	case 4: // stored twice
		l.store(entry)
		l.store(entry)
		acked <- nil
	case 5: // stored late, after what came later
		l.storeLate(entry, acked)
	default:
		l.store(entry)
		l.acknowledgeLate(acked)
	}
	return acked
}

// store stores an entry. Under l.mu.
func (l *memoryLog) store(entry Entry) {
	var body []byte
	if bets, ok := entry.(*Bets); ok {
		body = bets.Body
	}
	l.headers, l.bodies = append(l.headers, Header(entry)), append(l.bodies, body)
	close(l.grown)
	l.grown = make(chan struct{})
}

func (l *memoryLog) storeLate(entry Entry, acked chan<- error) {
	time.AfterFunc(time.Duration(l.random.IntN(9000))*time.Millisecond, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.store(entry)
		acked <- nil
	})
}

func (l *memoryLog) acknowledgeLate(acked chan<- error) {
	time.AfterFunc(time.Duration(l.random.IntN(100))*time.Millisecond, func() { acked <- nil })
}

func (l *memoryLog) Follow(ctx context.Context, after uint64) iter.Seq2[Sequenced, error] {
	return func(yield func(Sequenced, error) bool) {
		for next := after; ; {
			l.mu.Lock()
			headers, grown := l.headers[next:], l.grown
			l.mu.Unlock()
			for _, header := range headers {
				next++
				entry, err := ParseHeader(header)
				if ctx.Err() != nil || !yield(Sequenced{next, entry}, err) {
					return
				}
			}
			select {
			case <-grown:
			case <-ctx.Done():
				return
			}
		}
	}
}

func (l *memoryLog) Status(ctx context.Context) (Status, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.silent {
		return Status{}, errSilent
	}
	return Status{Last: uint64(len(l.headers)), Leader: "memory"}, nil
}

func (l *memoryLog) SaveCheckpoint(_ context.Context, checkpoint []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.checkpoint = checkpoint
	return nil
}

func (l *memoryLog) LoadCheckpoint(context.Context) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.checkpoint, nil
}

// all gives the entries with their bodies.
func (l *memoryLog) all() (entries []Entry, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, header := range l.headers {
		entry, err := ParseHeader(header)
		if err != nil {
			return nil, err
		}
		if bets, ok := entry.(*Bets); ok {
			bets.Body = l.bodies[i]
		}
		entries = append(entries, entry)
	}
	return entries, nil
}
