package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/agency"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/demo/timeline"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/config"
)

// uploads is how many bets each agency of the recorded lottery has; as many as its
// id win. The first has more batches than a client may have in flight: they need
// several commits.
var uploads = []int{12_000, 301, 7}

const batchSize = 50

// recordLottery runs a lottery with a recorded central, and returns its timeline.
var recordLottery = sync.OnceValues(func() (*timeline.Timeline, error) {
	dir, err := os.MkdirTemp("", "central-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := logging.Setup(io.Discard, "CRITICAL"); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	cfg := config.Config{
		Agencies: len(uploads), Storage: filepath.Join(dir, "bets.csv"), StorageSync: true,
		HelloTimeout: time.Minute, IdleTimeout: time.Minute, MaxConnections: 100,
	}
	recorder := timeline.NewRecorder()
	served := make(chan error)
	go func() { served <- serve(ctx, cfg, recorder.Listener(listener), recorder) }()
	failed := make(chan error)
	for i, bets := range uploads {
		go func() { failed <- upload(ctx, dir, lottery.AgencyID(i+1), bets, listener.Addr().String()) }()
	}
	for range uploads {
		if err := <-failed; err != nil {
			return nil, err
		}
	}
	stop()
	if err := <-served; err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "recording.json")
	recorded, err := recorder.Timeline(len(uploads))
	if err == nil {
		err = recorded.Save(path)
	}
	if err != nil {
		return nil, err
	}
	return timeline.Load(path)
})

func upload(ctx context.Context, dir string, id lottery.AgencyID, bets int, address string) error {
	var rows strings.Builder
	for i := range bets {
		number := i % 1000
		if i < int(id) {
			number = 7574
		}
		fmt.Fprintf(&rows, "Ana,Núñez,%08d,1990-02-28,%d\n", i, number)
	}
	file := filepath.Join(dir, fmt.Sprintf("agency-%d.csv", id))
	if err := os.WriteFile(file, []byte(rows.String()), 0o600); err != nil {
		return err
	}
	dial := func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}
	_, err := agency.Run(ctx, id, file, dial, agency.Options{BatchMaxAmount: batchSize, RetryDeadline: time.Minute})
	return err
}

func record(t *testing.T) *timeline.Timeline {
	t.Helper()
	recorded, err := recordLottery()
	if err != nil {
		t.Fatal(err)
	}
	return recorded
}

// ofAgency returns the frames of a type of an agency.
func ofAgency(t *timeline.Timeline, id int, kind string) (frames []timeline.Frame) {
	for _, f := range t.Frames {
		if f.Type == kind && int(f.Agency) == id {
			frames = append(frames, f)
		}
	}
	return frames
}

// holds tells whether a commit holds an agency's last bet before a position.
func holds(c timeline.Commit, id lottery.AgencyID, end lottery.Offset) bool {
	return slices.ContainsFunc(c.Rows, func(r timeline.Rows) bool {
		return r.Agency == id && r.Stored >= end && r.Stored-r.Bets < end
	})
}

func TestEveryBatchIsRecorded(t *testing.T) {
	recorded := record(t)
	for i, bets := range uploads {
		batches, next := ofAgency(recorded, i+1, "BATCH"), lottery.Offset(0)
		if want := (bets + batchSize - 1) / batchSize; len(batches) != want {
			t.Errorf("agency %d: %d batches, sent %d", i+1, len(batches), want)
		}
		for _, b := range batches {
			if b.Offset != next || b.Sent || b.Bytes < 10 {
				t.Errorf("agency %d: expected the batch at %d: %+v", i+1, next, b)
			}
			next += lottery.Offset(b.Count)
			if b.Commit == 0 {
				t.Errorf("agency %d: no commit: %+v", i+1, b)
			} else if c := recorded.Commits[b.Commit-1]; c.Start < b.At || !holds(c, b.Agency, next) {
				t.Errorf("agency %d: %+v is in %+v", i+1, b, c)
			}
		}
		if int(next) != bets {
			t.Errorf("agency %d: %d bets, sent %d", i+1, next, bets)
		}
	}
}

// An ACK comes after the fsync of all that it acknowledges, and the last one
// acknowledges everything.
func TestEveryAckFollowsItsFsync(t *testing.T) {
	recorded := record(t)
	for i, bets := range uploads {
		var last timeline.Frame
		for _, ack := range ofAgency(recorded, i+1, "ACK") {
			last = ack
			if ack.Commit == 0 {
				t.Errorf("agency %d: no commit: %+v", i+1, ack)
				continue
			}
			c := recorded.Commits[ack.Commit-1]
			if c.Durable <= c.Written || ack.At < c.Durable || !holds(c, ack.Agency, ack.Stored) || !ack.Sent {
				t.Errorf("agency %d: %+v acknowledges %+v", i+1, ack, c)
			}
		}
		if int(last.Stored) != bets {
			t.Errorf("agency %d: acknowledged %d of %d", i+1, last.Stored, bets)
		}
	}
}

func TestBarrierAndDraw(t *testing.T) {
	recorded := record(t)
	if recorded.Draw == nil || recorded.Draw.Bets != 12_308 || recorded.Draw.Winners != 6 {
		t.Fatalf("the draw is %+v", recorded.Draw)
	}
	for i := range uploads {
		order := timeline.Time(0)
		for _, kind := range []string{"HELLO", "WELCOME", "FINISHED", "REGISTERED", "WINNERS"} {
			frames := ofAgency(recorded, i+1, kind)
			if len(frames) != 1 || frames[0].At < order {
				t.Fatalf("agency %d: %s: %+v", i+1, kind, frames)
			}
			order = frames[0].At
		}
		registered, told := ofAgency(recorded, i+1, "REGISTERED")[0], ofAgency(recorded, i+1, "WINNERS")[0]
		if c := registered.Commit; c == 0 || recorded.Commits[c-1].Durable > registered.At || registered.At > recorded.Draw.At {
			t.Errorf("agency %d: %+v", i+1, registered)
		}
		if told.At < recorded.Draw.At || told.Count != i+1 {
			t.Errorf("agency %d: draw at %d, told %+v", i+1, recorded.Draw.At, told)
		}
	}
	var names []string
	for _, p := range recorded.Phases {
		names = append(names, p.Name)
		if p.End < p.Start {
			t.Errorf("%+v", p)
		}
	}
	if got := strings.Join(names, " "); got != "subida barrera sorteo ganadores" {
		t.Errorf("the phases are %s", got)
	}
}

// writePage leaves the page of the recorded lottery and returns its path.
func writePage(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cronologia.html")
	page, err := timeline.NewPage(path)
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	if err := page.Write(record(t)); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPageNeedsNothingElse(t *testing.T) {
	text, err := os.ReadFile(writePage(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, outside := range []string{`https?:`, `\ssrc\s*=`, `\shref\s*=`, `@import`, `url\([^#]`, `(?i)<link`, `import\(`, `fetch\(`, `ZgotmplZ`} {
		if found := regexp.MustCompile(outside).Find(text); found != nil {
			t.Errorf("the page has %q", found)
		}
	}
	for _, part := range []string{`<html lang="es">`, "<style>", `<th scope="row">agencia 3</th><td>1</td><td>7</td>`, "prefers-color-scheme: dark"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("the page lacks %s", part)
		}
	}
}

// A browser runs the page's script without an error, and draws every lane.
func TestPageInBrowser(t *testing.T) {
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && browser == "" {
			browser = path
		}
	}
	if browser == "" {
		t.Skip("no chromium: the page's script is not run")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,900",
		"--user-data-dir="+t.TempDir(), "--enable-logging=stderr", "--dump-dom", "file://"+writePage(t))
	var log strings.Builder
	cmd.Stderr = &log
	dom, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	for _, part := range []string{
		`data-lane="agencia 1"`, `data-lane="agencia 2"`, `data-lane="agencia 3"`, `data-lane="central"`, `data-lane="disco"`,
		`class="m batch"`, `class="m ack"`, `class="m sync"`, `class="down"`, `class="up"`,
		"BATCH de la agencia", "→ group commit en bets.csv", "→ ACK con stored",
	} {
		if !strings.Contains(string(dom), part) {
			t.Errorf("the drawn page lacks %s", part)
		}
	}
	if strings.Contains(log.String(), "Uncaught") || strings.Contains(string(dom), "NaN") || strings.Contains(string(dom), "undefined</") {
		t.Errorf("the script failed: %s", log.String())
	}
}
