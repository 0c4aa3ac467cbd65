package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
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
		if c := registered.Commit; c == 0 || recorded.Commits[c-1].Durable > registered.At { // the draw may come before REGISTERED is sent
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
