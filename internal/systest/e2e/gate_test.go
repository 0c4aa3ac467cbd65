package e2e

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/natsserver"
)

// gate stands between one central and the NATS servers. It reads the protocol of NATS,
// and judge decides about each message of the log. Everything else it forwards. The
// servers tell the central their own addresses, but the central connects only to those
// that it is set up with.
//
//	central ──published──▶ gate ──▶ NATS
//	        ◀─acknowledged─     ◀──
//	        ◀──delivered───     ◀──
type gate struct {
	urls string // the value of SERVER_CLUSTER

	mu        sync.Mutex // guards what follows; it is held during a call of judge
	judge     func(message) bool
	published map[string]int    // how often the central has published an entry
	replies   map[string]string // the entry that a reply to this subject acknowledges
	sockets   []io.Closer
	done      bool
}

// message is what a gate sees of an entry of the log.
type message struct {
	way   way
	kind  string // of the entry: claim, bets, finished or draw
	entry string // its header: only copies have the same
	times int    // how often the central has published it
}

type way int

const (
	published way = iota
	acknowledged
	delivered
)

// newGate returns a gate that forwards every message. It ends with the test.
func newGate(t testing.TB, cluster *natsserver.Cluster) *gate {
	t.Helper()
	g := &gate{published: make(map[string]int), replies: make(map[string]string)}
	t.Cleanup(g.shut)
	var urls []string
	for _, s := range cluster.Servers {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		g.track(listener)
		urls = append(urls, "nats://"+listener.Addr().String())
		go g.serve(listener, strings.TrimPrefix(s.URL, "nats://"))
	}
	g.urls = strings.Join(urls, ",")
	return g
}

// set sets what the gate asks whether it is to forward a message.
func (g *gate) set(judge func(message) bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.judge = judge
}

// shut cuts the central from the NATS servers.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.done = true
	for _, s := range g.sockets {
		s.Close()
	}
}

func (g *gate) track(sockets ...io.Closer) {
	g.mu.Lock()
	g.sockets = append(g.sockets, sockets...)
	done := g.done
	g.mu.Unlock()
	if done {
		g.shut()
	}
}

func (g *gate) serve(listener net.Listener, server string) {
	for {
		central, err := listener.Accept()
		if err != nil {
			return
		}
		nats, err := net.Dial("tcp", server)
		if err != nil {
			central.Close()
			continue
		}
		g.track(central, nats)
		go g.forward(central, nats)
		go g.forward(nats, central)
	}
}

// forward forwards one direction of a connection.
func (g *gate) forward(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	for r := bufio.NewReader(from); ; {
		line, payload, err := readNATS(r)
		if err != nil {
			return
		}
		if !g.passes(strings.Fields(string(line)), payload) {
			continue
		}
		if _, err := to.Write(append(line, payload...)); err != nil {
			return
		}
	}
}

// readNATS reads a control line, and the payload after it, whose length is the line's last
// field.
func readNATS(r *bufio.Reader) (line, payload []byte, err error) {
	if line, err = r.ReadBytes('\n'); err != nil {
		return nil, nil, err
	}
	fields := strings.Fields(string(line))
	if len(fields) == 0 {
		return line, nil, nil
	}
	switch fields[0] {
	case "PUB", "HPUB", "MSG", "HMSG":
		n, err := strconv.Atoi(fields[len(fields)-1])
		if err != nil {
			return nil, nil, err
		}
		payload = make([]byte, n+len("\r\n"))
		_, err = io.ReadFull(r, payload)
		return line, payload, err
	}
	return line, nil, nil
}

func (g *gate) passes(fields []string, payload []byte) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := message{}
	switch {
	case payload == nil:
		return true
	case fields[0] == "HPUB": // SUBJECT REPLY and two lengths
		m.way, m.entry = published, entryOf(payload)
		g.published[m.entry]++
		g.replies[fields[2]] = m.entry
	case fields[0] == "HMSG":
		m.way, m.entry = delivered, entryOf(payload)
	case bytes.Contains(payload, []byte(`"seq":`)):
		m.way, m.entry = acknowledged, g.replies[fields[1]]
	}
	if m.entry == "" || g.judge == nil {
		return true
	}
	m.kind, _, _ = strings.Cut(m.entry, " ")
	m.times = g.published[m.entry]
	return g.judge(m)
}

// entryOf returns the header of the entry in a message; "" if it holds none.
func entryOf(payload []byte) string {
	header, _, _ := bytes.Cut(payload, []byte("\r\n\r\n"))
	var lines []string
	for line := range strings.SplitSeq(string(header), "\r\n") {
		if value, ok := strings.CutPrefix(line, "Loteria: "); ok {
			lines = append(lines, value)
		}
	}
	return strings.Join(lines, "\n")
}

// isClosed returns whether an event that a gate has seen is closed.
func isClosed(event <-chan struct{}) bool {
	select {
	case <-event:
		return true
	default:
		return false
	}
}
