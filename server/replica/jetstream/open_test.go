package jetstream

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver/natsservertest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica"
)

func jsz(t *testing.T, answer string) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/jsz" || answer == "" {
			http.Error(w, "none here", http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// What the monitoring ports say decides whether a central begins, waits, or refuses.
func TestCheckMonitors(t *testing.T) {
	good := func(id string) string { return jsz(t, `{"server_id": "`+id+`", "config": {"sync_always": true}}`) }
	a, b, c := good("a"), good("b"), good("c")
	lazy := jsz(t, `{"server_id": "d", "config": {"sync_interval": 120000000000}}`)
	for _, tt := range []struct {
		name     string
		monitors []string
		final    bool
		want     string // part of the error; empty: none
	}{
		{"all", []string{a, b, c}, false, ""},
		{"one is down", []string{a, "http://127.0.0.1:1", c}, false, ""},
		{"two are down", []string{a, "http://127.0.0.1:1", "http://127.0.0.1:2"}, false, "1 of 3 NATS servers"},
		{"the same twice", []string{a, a, a}, false, "1 of 3 NATS servers"},
		{"one does not sync", []string{a, b, lazy}, true, "sync_interval: always"},
		{"no JetStream", []string{a, jsz(t, `{"server_id": "e", "disabled": true}`)}, false, "without JetStream"},
		{"still starting", []string{a, jsz(t, `{}`)}, false, "not ready"},
		{"something else", []string{a, jsz(t, "")}, false, "404"},
		{"with a password", []string{a, strings.Replace(jsz(t, ""), "http://", "http://user:secret@", 1)}, false, "user:xxxxx@"},
		{"not JSON", []string{a, jsz(t, "<html>")}, false, "monitoring port"},
		{"only one monitor", []string{a}, true, "SERVER_CLUSTER names 1 servers, expected all 3"},
		{"no monitors", nil, true, "SERVER_CLUSTER names 0 servers"},
	} {
		_, err := checkMonitors(t.Context(), tt.monitors)
		var wrong *settingError
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) || errors.As(err, &wrong) != tt.final {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// A stream with any other setting is refused by name.
func TestCheckConfig(t *testing.T) {
	if err := checkConfig(stored(config(5)), 5); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*js.StreamConfig){
		"num_replicas is 1":    func(c *js.StreamConfig) { c.Replicas = 1 },
		"storage is Memory":    func(c *js.StreamConfig) { c.Storage = js.MemoryStorage },
		"retention":            func(c *js.StreamConfig) { c.Retention = js.WorkQueuePolicy },
		"discard":              func(c *js.StreamConfig) { c.Discard = js.DiscardOld },
		"max_msgs is 7":        func(c *js.StreamConfig) { c.MaxMsgs = 7 },
		"max_bytes":            func(c *js.StreamConfig) { c.MaxBytes = 1 << 30 },
		"max_age":              func(c *js.StreamConfig) { c.MaxAge = time.Hour },
		"max_msg_size":         func(c *js.StreamConfig) { c.MaxMsgSize = 1000 },
		"max_msgs_per_subject": func(c *js.StreamConfig) { c.MaxMsgsPerSubject = 9 },
		"deny_delete":          func(c *js.StreamConfig) { c.DenyDelete = false },
		"deny_purge":           func(c *js.StreamConfig) { c.DenyPurge = false },
		"no_ack":               func(c *js.StreamConfig) { c.NoAck = true },
		"sealed":               func(c *js.StreamConfig) { c.Sealed = true },
		"subjects":             func(c *js.StreamConfig) { c.Subjects = []string{"other"} },
		`of "4" agencies`:      func(c *js.StreamConfig) { c.Metadata = map[string]string{agenciesKey: "4"} },
		`of "" agencies`:       func(c *js.StreamConfig) { c.Metadata = nil },
	} {
		c := stored(config(5))
		change(&c)
		if err := checkConfig(c, 5); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// stored is a configuration as the server gives it back.
func stored(c js.StreamConfig) js.StreamConfig {
	c.MaxMsgsPerSubject = -1
	return c
}

// Real servers with NATS's default are refused; so is a real stream of another lottery.
func TestOpenRefuses(t *testing.T) {
	lazy := natsservertest.New(t, "2m")
	if err := lazy.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), options(lazy, 5)); err == nil || !strings.Contains(err.Error(), "sync_interval: always") {
		t.Errorf("servers that do not sync: %v", err)
	}
	lazy.Kill()
	cluster := natsservertest.Start(t)
	reader := options(cluster, 4)
	reader.Existing = true
	if _, err := Open(t.Context(), reader); err == nil || !strings.Contains(err.Error(), "no stream LOTERIA") {
		t.Errorf("to read a stream that does not exist: %v", err)
	}
	open(t, cluster, 5)
	if _, err := Open(t.Context(), options(cluster, 6)); err == nil || !strings.Contains(err.Error(), `of "5" agencies`) {
		t.Errorf("a stream of another lottery: %v", err)
	}
}

// The monitoring ports of other servers say nothing about the servers of the log.
func TestMonitorsOfOtherServers(t *testing.T) {
	o := options(natsservertest.Start(t), 5)
	o.Monitors = nil
	for _, id := range []string{"a", "b", "c"} {
		o.Monitors = append(o.Monitors, jsz(t, `{"server_id": "`+id+`", "config": {"sync_always": true}}`))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	o.Waiting = func(err error) {
		if strings.Contains(err.Error(), "other servers") {
			cancel()
		}
	}
	if _, err := Open(ctx, o); err == nil || !strings.Contains(err.Error(), "other servers") {
		t.Errorf("got error %v", err)
	}
}

// While the cluster does not answer, Open says why it waits, and ends with the context.
func TestOpenWaits(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	_, err := Open(ctx, Options{Servers: []string{"nats://127.0.0.1:1"}, Monitors: []string{"http://127.0.0.1:1", "http://127.0.0.1:2"}, Waiting: func(err error) {
		if !strings.Contains(err.Error(), "http://127.0.0.1:1/jsz") {
			t.Errorf("waiting: %v", err)
		}
		cancel(reason)
	}})
	if !errors.Is(err, reason) {
		t.Errorf("got error %v", err)
	}
}

// A checkpoint is as large as it must be, and the newest counts, whoever saved it.
func TestCheckpoint(t *testing.T) {
	cluster := natsservertest.Start(t)
	l, another := open(t, cluster, 5), open(t, cluster, 5)
	if got, err := l.LoadCheckpoint(t.Context()); err != nil || got != nil {
		t.Errorf("at first: %d bytes, %v", len(got), err)
	}
	for _, size := range []int{10, 3 << 20} {
		want := strings.Repeat("x", size)
		insist(t, "save", func() error { return another.SaveCheckpoint(t.Context(), []byte(want)) })
		if got, err := l.LoadCheckpoint(t.Context()); err != nil || string(got) != want {
			t.Errorf("%d bytes, %v; want %d", len(got), err, size)
		}
	}
}

// The checkpoint of a stream that was deleted says nothing about the stream that was
// created after it, however long that has become.
func TestCheckpointOfAnotherStream(t *testing.T) {
	cluster := natsservertest.Start(t)
	old := open(t, cluster, 5)
	insist(t, "save", func() error { return old.SaveCheckpoint(t.Context(), []byte("old")) })
	forget(t, administrator(t, cluster))
	l := open(t, cluster, 5)
	insist(t, "load", func() error {
		got, err := l.LoadCheckpoint(t.Context())
		if got != nil {
			t.Errorf("got %q", got)
		}
		return err
	})
}

// The largest entry that a central makes fits a message.
func TestLargestEntry(t *testing.T) {
	l := open(t, natsservertest.Start(t), 1)
	body := make([]byte, 512<<10)
	large := &replica.Bets{Author: "a", Body: body, BodySum: crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)),
		Segments: []replica.Segment{{Agency: 1, Session: 1, Count: 1000, Length: len(body), Winners: []string{strings.Repeat("1", 63<<10)}}}}
	insist(t, "append", func() error { return <-l.Append(large) })
	for next, err := range l.Read(t.Context(), 0) {
		if err != nil || !reflect.DeepEqual(next.Entry, large) {
			t.Errorf("read back another entry, %v", err)
		}
		break
	}
}

// Headers keep every document as it is, whatever its text.
func TestDocumentsInHeaders(t *testing.T) {
	l := open(t, natsservertest.Start(t), 1)
	want := &replica.Bets{Author: "a", Segments: []replica.Segment{{Agency: 1, Session: 1, Count: 9,
		Winners: []string{"30904465", " blanks ", "ñandú 😀", `a "quoted" \ text`, "tab\tand\u2028", "a: b, c", ""}}}}
	insist(t, "append", func() error { return <-l.Append(want) })
	for next, err := range l.Follow(t.Context(), 0) {
		if err != nil || !reflect.DeepEqual(next.Entry, want) {
			t.Errorf("got %+v, %v", next.Entry, err)
		}
		break
	}
}

// A connection that was closed for good, as when the servers refuse it from now on, ends
// the central. It could only say that it is busy.
func TestFollowOverAClosedConnection(t *testing.T) {
	l := open(t, natsservertest.Start(t), 1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	insist(t, "append", func() error { return <-l.Append(&replica.Claim{Agency: 1, Nonce: "a"}) })
	var failure error
	for _, err := range l.Follow(ctx, 0) {
		failure = err
		l.Close()
	}
	if !errors.Is(failure, nats.ErrConnectionClosed) {
		t.Errorf("got error %v", failure)
	}
}

// A body that is not the header's is found when it is read.
func TestCorruptedBody(t *testing.T) {
	l := open(t, natsservertest.Start(t), 1)
	wrong := &replica.Bets{Author: "a", Body: []byte("body"), Segments: []replica.Segment{{Agency: 1, Session: 1, Count: 1, Length: 4}}}
	insist(t, "append", func() error { return <-l.Append(wrong) })
	for _, data := range []string{"not compressed", "\xff\xff\xff\xff\x07" + "asks for 2 GiB"} {
		raw := nats.NewMsg(subject)
		raw.Data, raw.Header[headerKey] = []byte(data), replica.Header(wrong)
		insist(t, "append", func() error { _, err := l.stream.PublishMsg(t.Context(), raw); return err })
	}
	for entry := range uint64(3) {
		for _, err := range l.Read(t.Context(), entry) {
			if !errors.Is(err, replica.ErrCorrupted) || !strings.Contains(err.Error(), fmt.Sprintf("entry %d", entry+1)) {
				t.Errorf("got error %v", err)
			}
			if entry == 2 && !strings.Contains(err.Error(), "more than 524288") {
				t.Errorf("the size is not refused before memory is taken for it: %v", err)
			}
		}
	}
}
