package tcp

import (
	"bytes"
	"context"
	"io"
	"iter"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/embedded"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
)

// testTimeout is how long a test waits for what must come.
const testTimeout = 20 * time.Second

// setup is what a test wants of its central; zero values mean one agency (-1
// means none), no delay, the server's defaults and the operating system's files.
type setup struct {
	agencies int
	delay    time.Duration
	options  Options
	fs       store.FS
	wrap     func(central.Central) central.Central // what the server is given; nil: the embedded central itself
	tls      *identities                           // whose central demands TLS; nil: it does not
	buffers  int                                   // what the kernel holds for peers that do not read, in bytes
	byteWise bool                                  // each read of the server returns one byte
	piped    bool                                  // peers connect within the process, for simulated time
}

// testServer is a whole server, on files in a folder and on a port of its own. It
// is stopped when the test ends, and then nothing of it may be left.
type testServer struct {
	t       testing.TB
	setup   setup
	folder  string
	address string
	pipes   *pipeListener // where peers connect, if they are piped
	logs    *logLines
	store   *store.Store
	draw    *draw.Draw
	server  *Server
	cancel  context.CancelFunc
	served  chan struct{} // closed when Serve has returned
	drawing chan struct{} // closed when the draw's Run has returned
}

func start(t testing.TB, s setup) *testServer {
	t.Helper()
	switch s.agencies {
	case 0:
		s.agencies = 1
	case -1:
		s.agencies = 0
	}
	c := &testServer{t: t, setup: s, folder: t.TempDir(), logs: newLogLines(t)}
	if err := logging.Setup(c.logs, "DEBUG"); err != nil {
		t.Fatal(err)
	}
	c.open()
	t.Cleanup(func() {
		c.stop()
		c.logs.check()
	})
	return c
}

// open does what main does.
func (c *testServer) open() {
	c.t.Helper()
	options := store.Options{Sync: true, Agencies: c.setup.agencies, FS: c.setup.fs}
	var err error
	if c.store, err = store.Open(c.t.Context(), filepath.Join(c.folder, "bets.csv"), options); err != nil {
		c.t.Fatal(err)
	}
	c.draw = draw.New(c.store, draw.Options{
		Agencies:     c.setup.agencies,
		PublishDelay: c.setup.delay,
		Announce: func(recovered bool, bets uint64, winners int) {
			log.Infof("action: sorteo | result: success | recovered: %t | bets: %d | winners: %d", recovered, bets, winners)
		},
		Failed: func(err error) {
			log.Errorf("action: sorteo | result: fail | error: %s", logging.Value(err.Error()))
		},
	})
	listener := c.listen()
	if c.setup.buffers > 0 {
		listener = smallBuffers{listener, c.setup.buffers}
	}
	if c.setup.byteWise {
		listener = oneByteReads{listener}
	}
	var served central.Central = embedded.New(c.store, c.draw)
	if c.setup.wrap != nil {
		served = c.setup.wrap(served)
	}
	if c.setup.tls != nil {
		c.setup.options.Identity = c.setup.tls.central
	}
	server := NewServer(served, c.setup.options)
	c.server = server
	var ctx context.Context
	ctx, c.cancel = context.WithCancel(context.Background())
	c.served, c.drawing = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(c.served)
		c.server.Serve(ctx, listener)
	}()
	go func() {
		defer close(c.drawing)
		c.draw.Run(ctx)
	}()
}

func (c *testServer) listen() net.Listener {
	c.t.Helper()
	if c.setup.piped {
		c.pipes = newPipeListener()
		return c.pipes
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	c.address = listener.Addr().String()
	return listener
}

// stop ends the server as a signal does, and returns how long Serve took.
func (c *testServer) stop() time.Duration {
	c.t.Helper()
	begin := time.Now()
	c.cancel()
	for _, done := range []chan struct{}{c.served, c.drawing} {
		select {
		case <-done:
		case <-time.After(testTimeout):
			c.t.Fatalf("the server does not stop\n%s", stacks())
		}
	}
	took := time.Since(begin)
	if sessions := c.server.slots.taken(); sessions > 0 {
		c.t.Errorf("Serve has returned before %d of its sessions", sessions)
	}
	if rejecting := len(c.server.rejecting); rejecting > 0 {
		c.t.Errorf("Serve has returned before %d rejected connections were closed", rejecting)
	}
	_ = c.store.Close() // some tests break it
	eventually(c.t, "no goroutine of the server is left", func() bool {
		all := stacks()
		return !strings.Contains(all, "tcp.(*Server)") && !strings.Contains(all, "tcp.(*session)") &&
			!strings.Contains(all, "tcp.(*replier)") && !strings.Contains(all, "deadline.(*Conn)")
	})
	return took
}

// restart stops the central and starts another on the same files.
func (c *testServer) restart() {
	c.t.Helper()
	c.stop()
	c.open()
}

// documents gives the documents stored of an agency, in order.
func (c *testServer) documents(id lottery.AgencyID) []string {
	c.t.Helper()
	return documents(c.t, c.load(), id)
}

// load reads bets.csv as it is.
func (c *testServer) load() iter.Seq2[*lottery.Bet, error] {
	c.t.Helper()
	if c.setup.fs != nil {
		return loadBets(c.t, c.setup.fs, filepath.Join(c.folder, "bets.csv"))
	}
	file, err := os.ReadFile(filepath.Join(c.folder, "bets.csv"))
	if err != nil {
		c.t.Fatal(err)
	}
	return store.LoadBets(betcsv.NewReader(bytes.NewReader(file)))
}

// loadBets reads a bets.csv of a file system in memory.
func loadBets(t testing.TB, fs store.FS, path string) iter.Seq2[*lottery.Bet, error] {
	t.Helper()
	file, err := fs.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	size, err := file.Size()
	if err != nil {
		t.Fatal(err)
	}
	return store.LoadBets(betcsv.NewReader(io.NewSectionReader(file, 0, size)))
}

func documents(t testing.TB, bets iter.Seq2[*lottery.Bet, error], id lottery.AgencyID) []string {
	t.Helper()
	var all []string
	for bet, err := range bets {
		if err != nil {
			t.Fatal(err)
		}
		if bet.Agency == id {
			all = append(all, bet.Document)
		}
	}
	return all
}

// wantStored checks that an agency's first n bets are stored, each once and in
// order, and nothing else of it.
func (c *testServer) wantStored(id lottery.AgencyID, n int) {
	c.t.Helper()
	got := c.documents(id)
	if len(got) != n {
		c.t.Errorf("agency %d has %d bets stored, want %d", id, len(got), n)
	}
	for i, document := range got {
		if want := bet(lottery.Offset(i)).Document; document != want {
			c.t.Fatalf("agency %d: bet %d is %s, want %s", id, i, document, want)
		}
	}
}

// eventually polls until the condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for begin := time.Now(); !holds(); <-tick.C {
		if time.Since(begin) > testTimeout {
			t.Fatalf("not in time: %s\n%s", what, stacks())
		}
	}
}

// countStacks counts the goroutines that are in a function.
func countStacks(function string) int {
	n := 0
	for _, one := range strings.Split(stacks(), "\n\n") {
		if strings.Contains(one, function+"(") {
			n++
		}
	}
	return n
}

func stacks() string {
	buffer := make([]byte, 4<<20)
	return string(buffer[:runtime.Stack(buffer, true)])
}

// smallBuffers makes the kernel hold little for peers that do not read.
type smallBuffers struct {
	net.Listener
	size int
}

func (l smallBuffers) Accept() (net.Conn, error) {
	socket, err := l.Listener.Accept()
	if tcp, ok := socket.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(l.size)
	}
	return socket, err
}

// oneByteReads is a listener whose connections return one byte a read.
type oneByteReads struct{ net.Listener }

func (l oneByteReads) Accept() (net.Conn, error) {
	socket, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return oneByteConn{socket}, nil
}

type oneByteConn struct{ net.Conn }

func (c oneByteConn) Read(p []byte) (int, error) { return c.Conn.Read(p[:min(len(p), 1)]) }
