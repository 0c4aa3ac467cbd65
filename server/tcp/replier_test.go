package tcp

import (
	"errors"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
)

// storing has one bet stored.
type storing = func(offset uint64) *store.Commit

// Stored batches wait for each other to be logged with one write, but not for
// anything that is logged of what came after them.
func TestStoredBatchesAreLoggedFirst(t *testing.T) {
	const batchLine, betLine = "action: apuesta_recibida | result: ", "action: apuesta_almacenada | result: "
	for _, tt := range []struct {
		name string
		full bool // the disk
		next func(put storing) settler
		want string
	}{
		{"stored", false, func(put storing) settler { return batchReply{commit: put(1), count: 1} }, batchLine + "success"},
		{"refused by the disk", true, func(put storing) settler { return batchReply{commit: put(1), count: 1} }, batchLine + "fail"},
		{"repeated", false, func(put storing) settler { return batchReply{commit: put(0), count: 1} }, "action: lote_repetido | result: success"},
		{"a bet", false, func(put storing) settler { return betReply{commit: put(1)} }, betLine + "success"},
		{"a bet refused by the disk", true, func(put storing) settler { return betReply{commit: put(1)} }, betLine + "fail"},
		{"refused", false, func(storing) settler {
			return refused{reason: errors.New("invalid"), what: batchReply{count: 1}}
		}, batchLine + "fail"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines := logtest.Capture(t, "DEBUG")
			d := newDisk()
			bets, err := store.Open("bets.csv", store.Options{Digest: Digest, FS: d})
			if err != nil {
				t.Fatal(err)
			}
			put := func(offset uint64) *store.Commit {
				commit, err := bets.StoreBets(1, lottery.Offset(offset), fromWire(nil, 1, []protocol.Bet{bet(offset)}), nil)
				if err != nil {
					t.Fatal(err)
				}
				return commit
			}
			r := &replier{session: &session{agency: 1}}
			first := batchReply{commit: put(0), count: 1}
			if err := first.settle(r); err != nil {
				t.Fatal(err)
			}
			if tt.full {
				d.set(failing("write", "bets.csv"))
			}
			_ = tt.next(put).settle(r) // it logs its failure
			r.logStored()
			got := lines()
			if len(got) != 2 || !strings.Contains(got[0], batchLine+"success") || !strings.Contains(got[1], tt.want) {
				t.Errorf("logged\n%s\nwant %q second", strings.Join(got, "\n"), tt.want)
			}
		})
	}
}
