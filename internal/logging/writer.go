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
	// maxWaiting is how many bytes of lines may wait to be written.
	maxWaiting = 4 << 20

	// stallTime is how long an output may take nothing before lines are dropped.
	stallTime = time.Second

	// maxPiece is how many bytes are written at once. A pipe takes them whole
	// (PIPE_BUF), so lines of two processes on one pipe do not mix; and a slow
	// reader is seen to take something.
	maxPiece = 4096

	// gatherTime is the pause after writing all that waits. Under load some
	// forty lines gather in it, and cost one write.
	gatherTime = time.Millisecond

	// Close waits for the output for closeTime, or stopTime if the program was
	// told to stop.
	closeTime = 5 * time.Second
	stopTime  = 200 * time.Millisecond
)

// Writer passes lines on to an output that may be slow, such as a pipe. A
// goroutine of its own writes: whoever logs does not wait for the output, until
// 4 MiB of lines wait.
//
// Then whoever logs waits for room, so a slow reader slows the program. If the
// output has taken nothing for a second, or the program was told to stop, the
// line is dropped instead. The number of dropped lines is logged as soon as the
// output takes something again.
type Writer struct {
	output  io.Writer
	stopped <-chan struct{} // closed when the program is told to stop
	done    chan struct{}   // closed when the goroutine has ended

	mu      sync.Mutex    // guards what follows
	work    *sync.Cond    // there are pending lines, or the Writer was closed
	room    chan struct{} // closed at the next write; nil if nobody waits for it
	pending []byte        // lines that the goroutine has not taken yet
	waiting int           // how many bytes wait: those pending and those taken but not written
	since   time.Time     // when the output took something, or the first line began to wait
	dropped int           // lines, not logged yet
	closed  bool
}

// Start returns a Writer to an output, and starts its goroutine, which ends after
// Close. The context ends when the program is told to stop; from then on nobody
// waits for room.
func Start(ctx context.Context, output io.Writer) *Writer {
	w := &Writer{output: output, stopped: ctx.Done(), done: make(chan struct{})}
	w.work = sync.NewCond(&w.mu)
	go w.run()
	return w
}

// Write takes one line, to be written soon. It never fails. What it takes after
// Close may get lost.
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

// awaitRoom waits for room for n bytes and tells whether there is. The caller
// holds w.mu.
func (w *Writer) awaitRoom(n int) bool {
	for w.waiting > 0 && w.waiting+n > maxWaiting {
		if !w.awaitWrite() {
			return false
		}
	}
	return true
}

// awaitWrite waits until the output takes something. It tells whether to go on
// waiting: not if the output has stalled or the program stops. The caller holds
// w.mu, which is released meanwhile.
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

// run writes what is pending, until the Writer is closed and nothing is.
func (w *Writer) run() {
	defer close(w.done)
	for taken := w.take(nil); len(taken) > 0; taken = w.take(taken) {
		for rest := taken; len(rest) > 0; {
			piece := firstPiece(rest)
			rest = rest[len(piece):]
			written, err := w.output.Write(piece)
			w.wrote(len(piece), piece[written:], err)
		}
		time.Sleep(gatherTime)
	}
}

// take waits for pending lines and takes them all. The Writer keeps the slice of
// those that were taken before, for new lines. After Close it may return none.
func (w *Writer) take(before []byte) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.pending) == 0 && !w.closed {
		w.work.Wait()
	}
	taken := w.pending
	w.pending = before[:0]
	return taken
}

// firstPiece returns what to write of lines at once: as many as fit a piece, or
// one that is longer.
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

// wrote notes that n bytes wait no longer. With an error, the rest of them is
// lost: a closed output must not stop the program.
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

// droppedLine is the line that says how many are missing. It is written at every
// level.
func droppedLine(n int) []byte {
	stamp := time.Now().AppendFormat(nil, time.DateTime)
	message := fmt.Sprintf("action: log | result: fail | lineas_perdidas: %d", n)
	return appendLine(nil, stamp, oplogging.WARNING, message)
}

// Close waits until all lines are written: for at most 5 s, and at most 200 ms
// once the program was told to stop. A write that has not ended by then is left
// behind, with its goroutine.
func (w *Writer) Close() {
	w.mu.Lock()
	w.closed = true
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
