package tcp

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// logLines keeps the lines that a central logs.
type logLines struct {
	t      testing.TB
	mu     sync.Mutex
	before func(line string) // called ahead of each line, in the goroutine that logs it; nil = not called
	lines  []string
	news   chan struct{} // closed, and replaced, at each write
}

func newLogLines(t testing.TB) *logLines { return &logLines{t: t, news: make(chan struct{})} }

// Write takes whole lines.
func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.before != nil {
		l.before(string(p))
	}
	l.lines = append(l.lines, strings.Split(strings.TrimSuffix(string(p), "\n"), "\n")...)
	close(l.news)
	l.news = make(chan struct{})
	return len(p), nil
}

// call makes every line from now on call before, ahead of being kept.
func (l *logLines) call(before func(line string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.before = before
}

// count tells how many lines hold a text.
func (l *logLines) count(text string) int {
	n, _ := l.look(text)
	return n
}

func (l *logLines) look(text string) (int, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, line := range l.lines {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n, l.news
}

// wait waits until n lines hold a text.
func (l *logLines) wait(n int, text string) {
	l.t.Helper()
	for limit := time.After(testTimeout); ; {
		got, news := l.look(text)
		if got >= n {
			return
		}
		select {
		case <-news:
		case <-limit:
			l.t.Fatalf("%d lines with %q, want %d, in:\n%s", got, text, n, l)
		}
	}
}

// want checks that exactly n lines hold a text.
func (l *logLines) want(n int, text string) {
	l.t.Helper()
	if got := l.count(text); got != n {
		l.t.Errorf("%d lines with %q, want %d, in:\n%s", got, text, n, l)
	}
}

// inOrder checks that lines with these texts follow each other, perhaps with
// others between them.
func (l *logLines) inOrder(texts ...string) {
	l.t.Helper()
	rest := strings.Split(l.String(), "\n")
	for _, text := range texts {
		at := slices.IndexFunc(rest, func(line string) bool { return strings.Contains(line, text) })
		if at < 0 {
			l.t.Fatalf("no %q after what comes before it, in:\n%s", text, l)
		}
		rest = rest[at+1:]
	}
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

var grammar = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]+ +action: \w+ \| result: (success|fail|in_progress)( \| \w+: [^|\pC]*)*$`)

// check holds every line against the contract on lines.
func (l *logLines) check() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if !grammar.MatchString(line) || strings.Count(line, "action:") != 1 {
			l.t.Errorf("not a line that a machine can read: %q", line)
		}
	}
}
