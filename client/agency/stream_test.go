package agency

import (
	"os"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv/betcsvtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// The first batch leaves while the rest of the data has not been written yet: the
// agency does not read its file as a whole before it sends.
func TestSendsWhileItReads(t *testing.T) {
	name := pipe(t)
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	bets := betcsvtest.Numbered(30)
	if _, err := file.WriteString(betcsvtest.DataFile(bets[:10], "\n")); err != nil {
		t.Fatal(err)
	}
	c := new(central)
	c.script = func(_ int, p *peer) {
		p.SetReadDeadline(time.Now().Add(10 * time.Second)) // of a test that fails
		if p.answerUpTo(protocol.TypeBatch) != nil {
			return
		}
		p.SetReadDeadline(time.Time{})
		p.send(c.store(0, bets[:5])...)
		if _, err := file.WriteString(betcsvtest.DataFile(bets[10:], "\n")); err != nil {
			t.Error(err)
		}
		file.Close() // the end of the data
		p.speak()
	}
	if _, err := Run(t.Context(), 1, name, c.dial, Options{RetryDeadline: 10 * time.Second, BatchMaxAmount: 5}); err != nil {
		t.Fatal(err)
	}
	if len(c.stored) != len(bets) || c.dials != 1 {
		t.Errorf("%d bets stored, %d connections", len(c.stored), c.dials)
	}
}
