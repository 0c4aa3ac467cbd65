// Package logging sets up go-logging. Both programs write lines of one format:
//
//	2024-08-21 22:11:15 INFO     action: config | result: success | …
//
// The time is local, and the level is left-justified to eight columns. Each line is
// one Write. A program logs through a [Writer], so it does not wait for the reader of
// its log.
//
// A package gets its logger from go-logging (MustGetLogger), but only this package
// configures go-logging. [Value] escapes the text of a peer, a file or an error.
package logging

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	oplogging "github.com/op/go-logging"
)

// active is the backend of the whole process. Setup installs it once, because
// go-logging's SetBackend is not safe while goroutines log. Later calls of Setup
// change the backend under its mutex.
var (
	active  = new(backend)
	install sync.Once
)

// Setup makes every go-logging logger write the lines of a level and above to w. It
// fails if the level is unknown. Call it before starting goroutines that log. Another
// call redirects all loggers. A line that is logged at that moment goes whole to one of
// the two writers.
func Setup(w io.Writer, level string) error {
	l, err := parseLevel(level)
	if err != nil {
		return err
	}
	active.redirect(w, l)
	install.Do(func() { oplogging.SetBackend(active) })
	return nil
}

// ValidLevel returns whether Setup accepts the level.
func ValidLevel(level string) bool {
	_, err := parseLevel(level)
	return err == nil
}

// Levels lists the level names for messages. It leaves out Python's other names FATAL,
// WARN and NOTSET.
const Levels = "DEBUG, INFO, NOTICE, WARNING, ERROR, CRITICAL"

// levels holds go-logging's names, which the original client used, and the
// other names of Python's logging, which the original server used.
var levels = map[string]oplogging.Level{
	"CRITICAL": oplogging.CRITICAL,
	"FATAL":    oplogging.CRITICAL,
	"ERROR":    oplogging.ERROR,
	"WARNING":  oplogging.WARNING,
	"WARN":     oplogging.WARNING,
	"NOTICE":   oplogging.NOTICE,
	"INFO":     oplogging.INFO,
	"DEBUG":    oplogging.DEBUG,
	"NOTSET":   oplogging.DEBUG, // in Python: log everything
}

func parseLevel(name string) (oplogging.Level, error) {
	l, ok := levels[strings.ToUpper(name)]
	if !ok {
		return 0, fmt.Errorf("unknown log level %q: must be one of %s", name, Levels)
	}
	return l, nil
}

// columns holds the text of each level in a line.
var columns = [...]string{
	oplogging.CRITICAL: " CRITICAL ",
	oplogging.ERROR:    " ERROR    ",
	oplogging.WARNING:  " WARNING  ",
	oplogging.NOTICE:   " NOTICE   ",
	oplogging.INFO:     " INFO     ",
	oplogging.DEBUG:    " DEBUG    ",
}

// backend implements oplogging.LeveledBackend with one level for all modules. It
// appends each line to a buffer that it keeps, and is faster than go-logging's own
// backend: compare BenchmarkLine with BenchmarkStockLine.
type backend struct {
	level atomic.Int64

	mu     sync.Mutex
	w      io.Writer
	buf    []byte
	second int64  // the Unix second that stamp shows
	stamp  []byte // the text of that second
}

func (b *backend) redirect(w io.Writer, level oplogging.Level) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.w = w
	b.stamp = b.stamp[:0] // local time may have changed between two tests
	b.level.Store(int64(level))
}

// Log writes one record with one Write.
func (b *backend) Log(level oplogging.Level, _ int, rec *oplogging.Record) error {
	message := rec.Message() // formats the arguments, so it comes before the lock
	b.mu.Lock()
	defer b.mu.Unlock()
	if second := rec.Time.Unix(); second != b.second || len(b.stamp) == 0 {
		b.second = second
		b.stamp = rec.Time.Local().AppendFormat(b.stamp[:0], time.DateTime)
	}
	b.buf = appendLine(b.buf[:0], b.stamp, level, message)
	_, err := b.w.Write(b.buf)
	return err
}

// appendLine appends one line to a buffer.
func appendLine(buf, stamp []byte, level oplogging.Level, message string) []byte {
	buf = append(buf, stamp...)
	buf = append(buf, columns[level]...)
	buf = append(buf, message...)
	return append(buf, '\n')
}

// GetLevel returns the level of all modules.
func (b *backend) GetLevel(string) oplogging.Level { return oplogging.Level(b.level.Load()) }

// SetLevel sets the level of all modules; go-logging's interface asks for it.
func (b *backend) SetLevel(level oplogging.Level, _ string) { b.level.Store(int64(level)) }

// IsEnabledFor returns whether lines of this level are written.
func (b *backend) IsEnabledFor(level oplogging.Level, module string) bool {
	return level <= b.GetLevel(module)
}
