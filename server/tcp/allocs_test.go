package tcp

import (
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// An upload costs the server some allocations a batch, none a bet. The race
// detector allocates too, hence the margin: it is about 13 without.
func TestAllocationsOfAnUpload(t *testing.T) {
	const perBatch, batches = 32, 400
	for _, size := range []int{10, 90} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			c := start(t, setup{fs: newDisk()})
			if err := logging.Setup(io.Discard, "INFO"); err != nil {
				t.Fatal(err)
			}
			var raw []byte
			for i := range batches {
				raw = append(raw, frames(t, batch(lottery.Offset(i*size), size))...)
			}
			p := c.agency(1, 0)
			got := make([]byte, 13) // of the last ACK; to read allocates nothing
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			p.write(raw)
			acks := 0
			for stored := lottery.Offset(0); stored < lottery.Offset(batches*size); acks++ {
				if _, err := io.ReadFull(p, got); err != nil {
					t.Fatal(err)
				}
				var ack protocol.Ack
				if err := ack.Decode(got[5:]); err != nil {
					t.Fatal(err)
				}
				stored = ack.Stored
			}
			runtime.ReadMemStats(&after)
			allocations := after.Mallocs - before.Mallocs
			t.Logf("%d allocations for %d batches of %d bets (%.1f a batch, %.2f a bet), %d ACKs",
				allocations, batches, size, float64(allocations)/batches, float64(allocations)/float64(batches*size), acks)
			if allocations > perBatch*batches {
				t.Errorf("%d allocations, want at most %d", allocations, perBatch*batches)
			}
		})
	}
}
