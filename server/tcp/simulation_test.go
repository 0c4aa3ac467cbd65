package tcp

import (
	"context"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/embedded"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
)

var (
	firstSeed = flag.Uint64("seed", 1, "the first seed of the simulation")
	seeds     = flag.Uint64("seeds", 40, "how many seeds the simulation tries")
)

// TestSimulation lets agencies upload while connections are lost, the disk is
// slow and fails, and the server is restarted. The seed decides all of this, and time
// is simulated. (The scheduler is not: a seed repeats the plan, not every step.) In the
// end every bet must be stored once, one draw must have been held, and each agency
// must know its winners.
func TestSimulation(t *testing.T) {
	if err := logging.Setup(io.Discard, "DEBUG"); err != nil {
		t.Fatal(err)
	}
	var sum world
	for seed := *firstSeed; seed < *firstSeed+*seeds && !t.Failed(); seed++ {
		synctest.Test(t, func(t *testing.T) {
			w := &world{t: t, seed: seed, disk: newDisk(), listener: newPipeListener()}
			w.listener.Close() // none runs yet
			w.run()
			sum.starts, sum.connections, sum.failures = sum.starts+w.starts, sum.connections+w.connections, sum.failures+w.failures
		})
		if t.Failed() {
			t.Errorf("seed %d: again with -run TestSimulation -seed %d -seeds 1", seed, seed)
		}
	}
	t.Logf("%d seeds: %d server starts, %d connections, %d failures of the disk", *seeds, sum.starts, sum.connections, sum.failures)
}

// world is one simulated lottery.
type world struct {
	t    testing.TB
	seed uint64
	disk *disk

	mu          sync.Mutex
	listener    *pipeListener // of the server that runs
	draws       int           // announced as new
	starts      int
	connections int
	failures    int
}

func (w *world) rand(who uint64) *rand.Rand { return rand.New(rand.NewPCG(w.seed, who)) }

func (w *world) run() {
	r := w.rand(0)
	agencies := 1 + r.IntN(4)
	w.disk.set(w.trouble())
	done := make(chan struct{})
	var all sync.WaitGroup
	totals := make([]int, agencies)
	for i := range totals {
		totals[i] = r.IntN(4) * r.IntN(150)
		all.Go(func() { newSimulated(w, lottery.AgencyID(i+1), totals[i]).live() })
	}
	go func() { all.Wait(); close(done) }()
	for finished := false; !finished; w.starts++ {
		stop := w.serve(agencies)
		select {
		case <-done:
			finished = true
		case <-time.After(time.Duration(1+r.IntN(60)) * time.Millisecond):
		}
		begin := time.Now()
		if stop(); time.Since(begin) > 500*time.Millisecond { // in simulated time
			w.t.Errorf("a stop took %v", time.Since(begin))
		}
		if time.Sleep(time.Duration(r.IntN(20)) * time.Millisecond); w.starts > 2000 {
			w.t.Fatal("the agencies never get done")
		}
	}
	if w.draws > 1 {
		w.t.Errorf("%d draws", w.draws)
	}
	w.disk.set(nil)
	bets, err := store.Open(w.t.Context(), "bets.csv", store.Options{Agencies: len(totals), FS: w.disk})
	if err != nil {
		w.t.Fatal(err)
	}
	c := &testServer{t: w.t, store: bets, setup: setup{fs: w.disk}}
	for i, total := range totals {
		c.wantStored(lottery.AgencyID(i+1), total)
	}
}

// trouble makes the disk slow, and now and then fail.
func (w *world) trouble() func(op, file string) error {
	r := w.rand(1 << 32)
	return func(op, file string) error {
		w.mu.Lock()
		pause, luck := r.IntN(3000), r.IntN(1000)
		failed := op == "write" && luck < 30 || op == "sync" && luck < 10
		if failed {
			w.failures++
		}
		w.mu.Unlock()
		if file == "bets.csv" {
			// The journal is written under a mutex. While a goroutine
			// waits for a mutex, simulated time does not advance.
			time.Sleep(time.Duration(pause) * time.Microsecond)
		}
		if failed {
			return errDisk
		}
		return nil
	}
}

// serve starts a server on what the disk holds. If it cannot, because of the
// disk, it tries again, as whoever runs it would.
func (w *world) serve(agencies int) (stop func()) {
	options := store.Options{Sync: true, Agencies: agencies, FS: w.disk}
	bets, err := store.Open(w.t.Context(), "bets.csv", options)
	for err != nil && errors.Is(err, errDisk) {
		bets, err = store.Open(w.t.Context(), "bets.csv", options)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	d := draw.New(bets, draw.Options{
		Agencies:     agencies,
		PublishDelay: 5 * time.Millisecond,
		Announce: func(recovered bool, _ uint64, _ int) {
			if !recovered {
				w.draws++
			}
		},
	})
	listener := newPipeListener()
	w.mu.Lock()
	w.listener = listener
	w.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { NewServer(embedded.New(bets, d), Options{MaxConnections: 8}).Serve(ctx, listener) })
	running.Go(func() { d.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
		_ = bets.Close()
	}
}

// dial fails while no server runs.
func (w *world) dial() (net.Conn, error) {
	w.mu.Lock()
	listener := w.listener
	w.connections++
	w.mu.Unlock()
	return listener.dial()
}

// pipeListener is a listener within the process.
type pipeListener struct {
	queue  chan net.Conn
	closed chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{make(chan net.Conn), make(chan struct{})}
}

func (l *pipeListener) dial() (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.queue <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { close(l.closed); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }
