package replica

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"sync"
	"time"
)

// memoryLog is a Log in memory. What becomes of an appended entry its fate says.
type memoryLog struct {
	mu         sync.Mutex // guards all
	fate       func(Entry) outcome
	headers    [][]string
	bodies     [][]byte
	grown      chan struct{} // closed when an entry comes
	checkpoint []byte
	silent     bool // nothing is stored, and nobody answers
}

// outcome is what becomes of an entry.
type outcome struct {
	copies   int           // how many are stored
	after    time.Duration // when
	answer   error
	answered time.Duration // when the answer comes; negative: never
}

var (
	errLost   = errors.New("the connection is lost")
	errSilent = errors.New("no leader")

	stored   = outcome{copies: 1}
	lost     = outcome{answered: -1}
	unheard  = outcome{copies: 1, answered: -1}
	reliable = func(Entry) outcome { return stored }
)

// unreliable does what a log over a network does now and then.
func unreliable(random *rand.Rand) func(Entry) outcome {
	return func(Entry) outcome {
		switch random.IntN(20) {
		case 0:
			return lost
		case 1:
			return outcome{answer: errLost}
		case 2:
			return unheard
		case 3:
			return outcome{copies: 1, answer: errLost}
		case 4:
			return outcome{copies: 2}
		case 5: // after what comes later
			late := time.Duration(random.IntN(9000)) * time.Millisecond
			return outcome{copies: 1, after: late, answered: late}
		}
		return outcome{copies: 1, answered: time.Duration(random.IntN(100)) * time.Millisecond}
	}
}

func newMemoryLog(fate func(Entry) outcome) *memoryLog {
	return &memoryLog{fate: fate, grown: make(chan struct{})}
}

func (l *memoryLog) Append(entry Entry) <-chan error {
	l.mu.Lock()
	defer l.mu.Unlock()
	acked := make(chan error, 1)
	if l.silent {
		return acked
	}
	o := l.fate(entry)
	if bets, ok := entry.(*Bets); ok { // the caller reuses the body
		copied := *bets
		copied.Body = bytes.Clone(bets.Body)
		entry = &copied
	}
	soon(o.after, func() {
		if o.after > 0 {
			l.mu.Lock()
			defer l.mu.Unlock()
		}
		for range o.copies {
			l.store(entry)
		}
	})
	if o.answered >= 0 {
		soon(o.answered, func() { acked <- o.answer })
	}
	return acked
}

func soon(after time.Duration, call func()) {
	if after == 0 {
		call()
		return
	}
	time.AfterFunc(after, call)
}

// store stores an entry. Under l.mu.
func (l *memoryLog) store(entry Entry) {
	var body []byte
	if bets, ok := entry.(*Bets); ok {
		body = bets.Body
	}
	l.storeHeader(Header(entry), body)
}

func (l *memoryLog) storeHeader(header []string, body []byte) {
	l.headers, l.bodies = append(l.headers, header), append(l.bodies, body)
	close(l.grown)
	l.grown = make(chan struct{})
}

// set changes something of the log.
func (l *memoryLog) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
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
