package tcp

import (
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// hostileCrowd opens connections that never send a whole HELLO: silent ones, and ones
// that stop in the middle of a line, of a HELLO or of a handshake.
func hostileCrowd(t testing.TB, c *testServer, n int) {
	t.Helper()
	said := [][]byte{nil, []byte("no end of line"), frames(t, hello(1))[:7]}
	if c.setup.tls != nil {
		whole := clientHello(t, c.setup.tls)
		said = append(said, whole, whole[:len(whole)/2])
	}
	for i := range n {
		socket, err := net.Dial("tcp", c.address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { socket.Close() })
		if _, err := socket.Write(said[i%len(said)]); err != nil {
			t.Fatal(err)
		}
	}
	c.logs.wait(n, "accept_connections | result: success")
}

// A thousand connections that say nothing cost little memory, and do not keep
// an agency from being served.
func TestMemoryOfAThousandHostileConnections(t *testing.T) {
	inClearAndOverTLS(t, memoryOfAThousandHostileConnections)
}

func memoryOfAThousandHostileConnections(t *testing.T, with *identities) {
	const n, most = 1000, 48 << 20
	c := start(t, setup{tls: with})
	before := heapInUse()
	hostileCrowd(t, c, n)
	p := c.agency(1, 0)
	p.send(batch(0, 100))
	p.acked(100)
	grown := heapInUse() - before
	t.Logf("%d connections hold %d KiB", n, grown>>10)
	if grown > most {
		t.Errorf("%d connections hold %d bytes, at most %d are due", n, grown, most)
	}
	p.finish(100)
	p.winners()
}

func heapInUse() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapInuse + stats.StackInuse)
}

// BenchmarkStop measures a stop with a hundred agencies that wait for the draw
// and do not answer, and three hundred connections that have not greeted.
func BenchmarkStop(b *testing.B) {
	b.Run("clear", func(b *testing.B) { benchmarkStop(b, nil) })
	b.Run("TLS", func(b *testing.B) { benchmarkStop(b, newIdentities(b)) })
}

func benchmarkStop(b *testing.B, with *identities) {
	var worst time.Duration
	for b.Loop() {
		b.StopTimer()
		c := start(b, setup{agencies: 200, tls: with})
		hostileCrowd(b, c, 300)
		for id := range lottery.AgencyID(100) {
			p := c.agency(id+1, 0)
			p.finish(0)
		}
		b.StartTimer()
		begun := time.Now()
		c.stop()
		worst = max(worst, time.Since(begun))
	}
	b.ReportMetric(float64(worst.Milliseconds()), "ms-worst")
}
