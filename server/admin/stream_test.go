package admin

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// viewer reads the snapshots of a stream.
type viewer struct {
	t     *testing.T
	conn  net.Conn
	lines *bufio.Scanner
}

func (r *running) view(t *testing.T) *viewer {
	t.Helper()
	conn, err := net.Dial("tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, 1<<20)
	return &viewer{t, conn, lines}
}

// next returns the next snapshot; ok is false when the stream has ended.
func (v *viewer) next() (shown snapshot, ok bool) {
	v.t.Helper()
	for v.lines.Scan() {
		if data, found := strings.CutPrefix(v.lines.Text(), "data: "); found {
			if err := json.Unmarshal([]byte(data), &shown); err != nil {
				v.t.Fatalf("%v in %s", err, data)
			}
			return shown, true
		}
	}
	if err := v.lines.Err(); isTimeout(err) {
		v.t.Fatal("no snapshot came, and no end")
	}
	return shown, false
}

// until reads until a snapshot is as wanted.
func (v *viewer) until(want func(snapshot) bool) snapshot {
	v.t.Helper()
	for {
		shown, ok := v.next()
		if !ok {
			v.t.Fatal("the stream has ended")
		}
		if want(shown) {
			return shown
		}
	}
}

// A viewer sees what is now, then what changes, and the stop; one who comes late
// sees the same.
func TestStream(t *testing.T) {
	r := serve(t, Options{Expected: 2})
	early := r.view(t)
	early.until(func(s snapshot) bool { return s.State == "recovering" })

	source := new(fakeSource)
	source.set(Lottery{Agencies: []Agency{{ID: 1}, {ID: 2}}, Missing: 2}, nil)
	r.Watch(source)
	early.until(func(s snapshot) bool { return s.State == "uploading" && len(s.Agencies) == 2 })
	source.set(Lottery{Agencies: []Agency{{ID: 1, Stored: 700, Connected: true}, {ID: 2}}, Missing: 2}, nil)
	early.until(func(s snapshot) bool { return s.Bets == 700 && s.Agencies[0].State == "uploading" })
	early.until(func(s snapshot) bool { return slices.Max(s.Rate) > 0 })

	shown, _ := r.view(t).next()
	if shown.Bets != 700 || len(shown.Events) != 3 || slices.Max(shown.Rate) == 0 {
		t.Errorf("a late viewer sees %+v", shown)
	}
	r.Stopping()
	early.until(func(s snapshot) bool { return s.State == "stopping" })
	r.stop()
	if shown, ok := early.next(); ok {
		t.Errorf("after the stop it sees %+v", shown)
	}
}

func TestStreamHeaders(t *testing.T) {
	r := serve(t, Options{})
	response, err := http.Get("http://" + r.address + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("type %q", got)
	}
}

// More streams than the bound are refused, and do not keep others from asking.
func TestStreamsAreBounded(t *testing.T) {
	r := serve(t, Options{})
	for range maxStreams {
		r.view(t).next()
	}
	if response, _ := r.get(t, "/events", ""); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one more gets %d", response.StatusCode)
	}
	if response, _ := r.get(t, "/livez", ""); response.StatusCode != http.StatusOK {
		t.Errorf("/livez gives %d", response.StatusCode)
	}
}

// The stop waits for nobody: not for streams, whether they are read or not, nor for
// connections that say nothing.
func TestStopIsQuick(t *testing.T) {
	if stopTimeout > 200*time.Millisecond {
		t.Errorf("it can delay the stop for %v: docker compose stop -t 1 would kill the server", stopTimeout)
	}
	r := serve(t, Options{Expected: 4096})
	source := new(fakeSource)
	source.set(manyAgencies(4096), nil)
	r.Watch(source)
	for i := range 32 {
		if v := r.view(t); i%2 == 0 {
			v.next()
		}
		silent, err := net.Dial("tcp", r.address)
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
	}
	begin := time.Now()
	r.stop()
	if took := time.Since(begin); took > processtest.StopLimit {
		t.Errorf("the stop took %v", took)
	}
}
