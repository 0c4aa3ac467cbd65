package logging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// reader is an output whose writes wait until take or takeAll.
type reader struct {
	turn chan struct{}

	mu     sync.Mutex // guards what follows
	fails  error
	writes []string
}

func newReader() *reader { return &reader{turn: make(chan struct{})} }

func (r *reader) Write(p []byte) (int, error) {
	<-r.turn
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fails != nil {
		return 0, r.fails
	}
	r.writes = append(r.writes, string(p))
	return len(p), nil
}

// take lets one write pass.
func (r *reader) take() { r.turn <- struct{}{} }

// takeAll lets all writes pass from now on.
func (r *reader) takeAll() { close(r.turn) }

// fail makes the writes fail with err; nil lets them succeed again.
func (r *reader) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fails = err
}

func (r *reader) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.writes, "")
}

// testLine returns a line of exactly n bytes.
func testLine(n int) []byte { return append(bytes.Repeat([]byte{'x'}, n-1), '\n') }

// most is the maximum number of lines of 1 KiB that wait.
const most = maxWaiting / 1024

// fill writes lines until no more may wait. The first of them is being written.
func fill(w *Writer) {
	for range most {
		_, _ = w.Write(testLine(1024))
		synctest.Wait()
	}
}

func TestWaitingLinesAreWrittenTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReader()
		w := Start(t.Context(), r)
		_, _ = io.WriteString(w, "first\n")
		synctest.Wait() // it is being written
		var want strings.Builder
		for i := range 100 {
			fmt.Fprintf(w, "line %d\n", i)
			fmt.Fprintf(&want, "line %d\n", i)
		}
		r.takeAll()
		w.Close()
		if len(r.writes) != 2 || r.writes[0] != "first\n" || r.writes[1] != want.String() {
			t.Errorf("wrote %q", r.writes)
		}
	})
}

// After a write the Writer pauses. Lines that come one by one gather in the pause.
func TestLinesGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReader()
		r.takeAll()
		w := Start(t.Context(), r)
		for range 5 * 10 {
			_, _ = io.WriteString(w, "line\n")
			time.Sleep(gatherTime / 10)
		}
		w.Close()
		if n := len(r.writes); n < 5 || n > 6 {
			t.Errorf("%d writes in 5 ms", n)
		}
	})
}

// Close ends the pause after a write: no program ends later because of it.
func TestCloseEndsThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReader()
		r.takeAll()
		w := Start(t.Context(), r)
		_, _ = io.WriteString(w, "first\n")
		synctest.Wait() // the Writer pauses
		_, _ = io.WriteString(w, "last\n")
		begin := time.Now()
		w.Close()
		if took := time.Since(begin); took > 0 || len(r.writes) != 2 {
			t.Errorf("closed after %v, wrote %q", took, r.writes)
		}
	})
}

// A pipe takes up to 4,096 bytes whole. Each write holds whole lines.
func TestPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReader()
		w := Start(t.Context(), r)
		_, _ = io.WriteString(w, "first\n")
		synctest.Wait()
		for _, n := range []int{4096, 4000, 96, 4000, 97, 5000, 100, 5000} {
			_, _ = w.Write(testLine(n))
		}
		r.takeAll()
		w.Close()
		var got []int
		for _, text := range r.writes[1:] {
			got = append(got, len(text))
		}
		if want := []int{4096, 4096, 4000, 97, 5000, 100, 5000}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("wrote pieces of %d bytes, want %d", got, want)
		}
	})
}

// While 4 MiB wait, a goroutine that logs waits too. No line is lost if the output
// accepts something in each second.
func TestSlowReaderSlows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReader()
		w := Start(t.Context(), r)
		fill(w)
		var takes sync.WaitGroup
		takes.Go(func() {
			for range 5 {
				time.Sleep(900 * time.Millisecond)
				r.take()
			}
		})
		start := time.Now()
		const more = 1 + 4 + 4 + 4 // as many as four writes hold
		for range more {
			_, _ = w.Write(testLine(1024))
		}
		if took := time.Since(start); took != 4*900*time.Millisecond {
			t.Errorf("%d more lines took %v", more, took)
		}
		takes.Wait()
		r.takeAll()
		w.Close()
		if got, want := r.text(), strings.Repeat(string(testLine(1024)), most+more); got != want {
			t.Errorf("%d bytes are written, want %d", len(got), len(want))
		}
	})
}

// Lines are dropped if 4 MiB wait and the output has accepted nothing for a second. In
// the place of the dropped lines, one line reports their number.
func TestStalledReaderLosesLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReader()
		w := Start(t.Context(), r)
		time.Sleep(time.Hour) // a Writer with nothing to write has not stalled
		fill(w)
		start := time.Now()
		for range 100 {
			_, _ = io.WriteString(w, "lost\n")
		}
		if took := time.Since(start); took != stallTime {
			t.Errorf("100 lines took %v", took)
		}
		r.take()
		synctest.Wait()
		_, _ = io.WriteString(w, "after\n")
		r.takeAll()
		w.Close()
		got := strings.TrimLeft(r.text(), "x\n")
		want := " WARNING  action: log | result: fail | lineas_perdidas: 100\nafter\n"
		if len(got) != len("2024-08-21 22:11:15")+len(want) || !strings.HasSuffix(got, want) {
			t.Errorf("ends with %q", got)
		}
		if n := strings.Count(r.text(), "x\n"); n != most {
			t.Errorf("%d lines are written, want %d", n, most)
		}
	})
}

// After the program was told to stop, no goroutine waits for room.
func TestStopDoesNotWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		r := newReader()
		w := Start(ctx, r)
		fill(w)
		start := time.Now()
		time.AfterFunc(300*time.Millisecond, stop)
		for range 100 {
			_, _ = io.WriteString(w, "lost\n")
		}
		if took := time.Since(start); took != 300*time.Millisecond {
			t.Errorf("100 lines took %v", took)
		}
		r.takeAll()
		w.Close()
	})
}

func TestCloseWaits(t *testing.T) {
	const never = time.Hour
	for _, tt := range []struct {
		name       string
		taken      time.Duration // when the output takes the last line
		stop       time.Duration // when the program is told to stop; 0: before Close
		want       time.Duration
		wantOutput string
	}{
		{"at an ordinary end", 4 * time.Second, never, 4 * time.Second, "last\n"},
		{"at an ordinary end, for 5 s", 6 * time.Second, never, 5 * time.Second, ""},
		{"at a stop", 150 * time.Millisecond, 0, 150 * time.Millisecond, "last\n"},
		{"at a stop, for 200 ms", 250 * time.Millisecond, 0, 200 * time.Millisecond, ""},
		{"at a stop meanwhile", 6 * time.Second, time.Second, 1200 * time.Millisecond, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				r := newReader()
				w := Start(ctx, r)
				_, _ = io.WriteString(w, "last\n")
				if tt.stop == 0 {
					stop()
				} else {
					time.AfterFunc(tt.stop, stop)
				}
				time.AfterFunc(tt.taken, r.takeAll)
				start := time.Now()
				w.Close()
				// The goroutine ends after gatherTime, which does not count.
				if took := time.Since(start).Truncate(10 * time.Millisecond); took != tt.want {
					t.Errorf("Close took %v", took)
				}
				if r.text() != tt.wantOutput {
					t.Errorf("wrote %q", r.text())
				}
				time.Sleep(never) // the goroutine ends
			})
		})
	}
}

// A closed output neither stops nor slows a goroutine that logs. Its lines count as
// dropped.
func TestFailingOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReader()
		r.fail(errors.New("broken pipe"))
		r.takeAll()
		w := Start(t.Context(), r)
		start := time.Now()
		for range 3 * most {
			_, _ = w.Write(testLine(1024))
		}
		if took := time.Since(start); took >= stallTime {
			t.Errorf("12 MiB took %v", took)
		}
		time.Sleep(time.Second)
		r.fail(nil)
		_, _ = io.WriteString(w, "after\n")
		w.Close()
		want := fmt.Sprintf(" lineas_perdidas: %d\n", 3*most)
		if !strings.HasPrefix(r.text(), "after\n") || !strings.HasSuffix(r.text(), want) {
			t.Errorf("wrote %q", r.text())
		}
	})
}

func TestConcurrentLinesThroughAWriter(t *testing.T) {
	var out bytes.Buffer
	w := Start(t.Context(), &out)
	if err := Setup(w, "INFO"); err != nil {
		t.Fatal(err)
	}
	const goroutines, each = 8, 200
	var group sync.WaitGroup
	for g := range goroutines {
		group.Go(func() {
			for i := range each {
				log.Infof("%d: %d", g, i)
			}
		})
	}
	group.Wait()
	w.Close()
	var next [goroutines]int
	for line := range strings.Lines(out.String()) {
		var g, i int
		if _, err := fmt.Sscanf(line[len("2024-08-21 22:11:15 INFO     "):], "%d: %d\n", &g, &i); err != nil || i != next[g] {
			t.Fatalf("got %q after %d lines of it, %v", line, next[g], err)
		}
		next[g]++
	}
	for g, n := range next {
		if n != each {
			t.Errorf("%d lines of goroutine %d", n, g)
		}
	}
}

// pipe returns the write end of a pipe. Another process reads it.
func pipe(b *testing.B) *os.File {
	b.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	reader := exec.Command("cat")
	reader.Stdin = read
	if err := reader.Start(); err != nil {
		b.Fatal(err)
	}
	read.Close()
	b.Cleanup(func() {
		write.Close()
		_ = reader.Wait()
	})
	return write
}

// BenchmarkPipe logs a line to another process, without a Writer and with one.
func BenchmarkPipe(b *testing.B) {
	for _, bm := range []struct {
		name   string
		output func(*testing.B) io.Writer
	}{
		{"direct", func(b *testing.B) io.Writer { return pipe(b) }},
		{"writer", func(b *testing.B) io.Writer { return Start(b.Context(), pipe(b)) }},
	} {
		b.Run(bm.name, func(b *testing.B) {
			if err := Setup(bm.output(b), "INFO"); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					log.Infof(benchLine, 88, 1)
				}
			})
		})
	}
}
