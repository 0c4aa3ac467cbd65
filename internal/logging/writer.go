package logging

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	oplogging "github.com/op/go-logging"
)

const (
	// maxWaiting is how many bytes of lines may wait.
	maxWaiting = 4 << 20

	// stallTime is how long the output may accept nothing before lines are
	// dropped.
	stallTime = time.Second

	// maxPiece is how many bytes are written at once. A pipe accepts a write of
	// this size whole (PIPE_BUF). So the lines of two processes on one pipe do not
	// mix, and each piece that a slow reader takes shows that it reads.
	maxPiece = 4096

	// gatherTime is the pause after all waiting lines were written. Under load
	// about forty lines gather in it, which cost one write.
	gatherTime = time.Millisecond

	// closeTime is how long Close waits for the output. stopTime is how long it
	// waits after the program was told to stop.
	closeTime = 5 * time.Second
	stopTime  = 200 * time.Millisecond
)

// Writer passes lines on to an output that may be slow, such as a pipe. Its goroutine
// writes to the output. A goroutine that logs does not wait for the output, as long as
// less than 4 MiB of lines wait.
//
// After that a goroutine that logs waits for room: a slow reader slows the program. But
// its line is dropped if the output has accepted nothing for a second, or if the program
// was told to stop. The Writer logs the number of dropped lines as soon as the output
// accepts something again.
type Writer struct {
	output  io.Writer
	stopped <-chan struct{} // closed when the program is told to stop
	closing chan struct{}   // closed by Close
	done    chan struct{}   // closed when the Writer's goroutine has ended

	mu      sync.Mutex    // guards what follows
	work    *sync.Cond    // signalled when lines are pending or the Writer is closed
	room    chan struct{} // closed at the next write; nil if no goroutine waits for it
	pending []byte        // lines that the Writer's goroutine has not taken yet
	waiting int           // how many bytes wait: those pending, and those taken but not written
	since   time.Time     // when the output last accepted something, or the first line began to wait
	dropped int           // how many lines were dropped and are not reported yet
}

// Start returns a Writer to an output, and starts its goroutine. Close ends the
// goroutine. The context ends when the program is told to stop; after that no goroutine
// waits for room.
func Start(ctx context.Context, output io.Writer) *Writer {
	w := &Writer{output: output, stopped: ctx.Done(), closing: make(chan struct{}), done: make(chan struct{})}
	w.work = sync.NewCond(&w.mu)
	go w.run()
	return w
}

// Write accepts one line, which is written soon. It never fails. A line that comes after
// Close may be lost.
func (w *Writer) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.awaitRoom(len(line)) {
		w.dropped++
		return len(line), nil
	}
	w.add(line)
	return len(line), nil
}

// add makes a line pending. The caller holds w.mu.
func (w *Writer) add(line []byte) {
	if w.waiting == 0 {
		w.since = time.Now()
	}
	w.pending = append(w.pending, line...)
	w.waiting += len(line)
	w.work.Signal()
}

// awaitRoom waits for room for n bytes. It returns false if the line must be dropped.
// The caller holds w.mu.
func (w *Writer) awaitRoom(n int) bool {
	for w.waiting > 0 && w.waiting+n > maxWaiting {
		if !w.awaitWrite() {
			return false
		}
	}
	return true
}

// awaitWrite waits until the output accepts something. It returns false if the output
// has stalled or the program stops. The caller holds w.mu; awaitWrite releases it while
// it waits.
func (w *Writer) awaitWrite() bool {
	if w.room == nil {
		w.room = make(chan struct{})
	}
	room, stall := w.room, time.NewTimer(time.Until(w.since.Add(stallTime)))
	defer stall.Stop()
	w.mu.Unlock()
	defer w.mu.Lock()
	select {
	case <-room:
		return true
	case <-stall.C:
	case <-w.stopped:
	}
	return false
}

// run writes the pending lines, until the Writer is closed and no line is pending.
func (w *Writer) run() {
	defer close(w.done)
	for taken := w.take(nil); len(taken) > 0; taken = w.take(taken) {
		for rest := taken; len(rest) > 0; {
			piece := firstPiece(rest)
			rest = rest[len(piece):]
			written, err := w.output.Write(piece)
			w.wrote(len(piece), piece[written:], err)
		}
		select {
		case <-time.After(gatherTime):
		case <-w.closing: // the program waits
		}
	}
}

// take waits for pending lines and takes them all. It returns none if the Writer was
// closed. New lines go into the memory of written, which the caller no longer uses.
func (w *Writer) take(written []byte) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.pending) == 0 && !w.isClosing() {
		w.work.Wait()
	}
	taken := w.pending
	w.pending = written[:0]
	return taken
}

func (w *Writer) isClosing() bool {
	select {
	case <-w.closing:
		return true
	default:
		return false
	}
}

// firstPiece returns the lines to write at once: as many as fit in maxPiece bytes, or one
// line that is longer.
func firstPiece(lines []byte) []byte {
	if len(lines) <= maxPiece {
		return lines
	}
	if end := bytes.LastIndexByte(lines[:maxPiece], '\n'); end >= 0 {
		return lines[:end+1]
	}
	if end := bytes.IndexByte(lines, '\n'); end >= 0 {
		return lines[:end+1]
	}
	return lines
}

// wrote records that n bytes no longer wait. If the write failed with err, the bytes in
// lost count as dropped: a closed output must not stop the program.
func (w *Writer) wrote(n int, lost []byte, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting -= n
	w.since = time.Now()
	if err != nil {
		w.dropped += bytes.Count(lost, []byte("\n"))
	} else if w.dropped > 0 {
		w.add(droppedLine(w.dropped))
		w.dropped = 0
	}
	if w.room != nil {
		close(w.room)
		w.room = nil
	}
}

// droppedLine returns the line that reports n dropped lines. It is written at every
// level.
func droppedLine(n int) []byte {
	stamp := time.Now().AppendFormat(nil, time.DateTime)
	message := fmt.Sprintf("action: log | result: fail | lineas_perdidas: %d", n)
	return appendLine(nil, stamp, oplogging.WARNING, message)
}

// Close waits until all lines are written: for at most 5 s, or for at most 200 ms after
// the program was told to stop. It does not wait longer for a write that blocks; the
// Writer's goroutine then stays.
func (w *Writer) Close() {
	w.mu.Lock()
	close(w.closing)
	w.work.Signal()
	w.mu.Unlock()
	limit := time.NewTimer(closeTime)
	defer limit.Stop()
	for stopped := w.stopped; ; {
		select {
		case <-w.done:
			return
		case <-limit.C:
			return
		case <-stopped:
			stopped = nil
			limit.Reset(stopTime)
		}
	}
}
