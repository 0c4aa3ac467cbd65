package tcp

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// logBook keeps the lines that a central logs.
type logBook struct {
	t      testing.TB
	mu     sync.Mutex
	writes int
	lines  []string
	news   chan struct{} // closed, and replaced, at each write
}

func newLogBook(t testing.TB) *logBook { return &logBook{t: t, news: make(chan struct{})} }

// Write takes whole lines.
func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writes++
	b.lines = append(b.lines, strings.Split(strings.TrimSuffix(string(p), "\n"), "\n")...)
	close(b.news)
	b.news = make(chan struct{})
	return len(p), nil
}

// count tells how many lines hold a text.
func (b *logBook) count(text string) int {
	n, _ := b.look(text)
	return n
}

func (b *logBook) look(text string) (int, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, line := range b.lines {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n, b.news
}

// wait waits until n lines hold a text.
func (b *logBook) wait(n int, text string) {
	b.t.Helper()
	for limit := time.After(patience); ; {
		got, news := b.look(text)
		if got >= n {
			return
		}
		select {
		case <-news:
		case <-limit:
			b.t.Fatalf("%d lines with %q, want %d, in:\n%s", got, text, n, b)
		}
	}
}

// want checks that exactly n lines hold a text.
func (b *logBook) want(n int, text string) {
	b.t.Helper()
	if got := b.count(text); got != n {
		b.t.Errorf("%d lines with %q, want %d, in:\n%s", got, text, n, b)
	}
}

// inOrder checks that lines with these texts follow each other, perhaps with
// others between them.
func (b *logBook) inOrder(texts ...string) {
	b.t.Helper()
	rest := strings.Split(b.String(), "\n")
	for _, text := range texts {
		at := slices.IndexFunc(rest, func(line string) bool { return strings.Contains(line, text) })
		if at < 0 {
			b.t.Fatalf("no %q after what comes before it, in:\n%s", text, b)
		}
		rest = rest[at+1:]
	}
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.lines, "\n")
}

var grammar = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]+ +action: \w+ \| result: (success|fail|in_progress)( \| \w+: [^|\pC]*)*$`)

// check holds every line against the contract on lines.
func (b *logBook) check() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.lines {
		if !grammar.MatchString(line) || strings.Count(line, "action:") != 1 {
			b.t.Errorf("not a line that a machine can read: %q", line)
		}
	}
}
