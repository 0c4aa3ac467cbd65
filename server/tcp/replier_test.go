package tcp

import (
	"errors"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
)

// storing has one bet stored.
type storing = func(offset lottery.Offset) *store.Commit

// Each batch is logged when it is stored or has failed, in the order of the frames. So
// it is also when the session is over.
func TestBatchesAreLoggedInOrder(t *testing.T) {
	const batchLine, betLine = "action: apuesta_recibida | result: ", "action: apuesta_almacenada | result: "
	single := bet(1)
	for _, tt := range []struct {
		name string
		full bool // the disk
		next func(put storing) reply
		want string
	}{
		{"stored", false, func(put storing) reply { return batchReply{commit: put(1), count: 1} }, batchLine + "success"},
		{"failed write", true, func(put storing) reply { return batchReply{commit: put(1), count: 1} }, batchLine + "fail"},
		{"repeated", false, func(put storing) reply { return batchReply{commit: put(0), count: 1} }, "action: lote_repetido | result: success"},
		{"a bet", false, func(put storing) reply { return batchReply{commit: put(1), count: 1, single: &single} }, betLine + "success"},
		{"a bet and a failed write", true, func(put storing) reply { return batchReply{commit: put(1), count: 1, single: &single} }, betLine + "fail"},
		{"not accepted", false, func(storing) reply {
			return batchReply{count: 1, failure: protocolError(protocol.StatusInvalidBet, errors.New("invalid"))}
		}, batchLine + "fail"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines := logtest.Capture(t, "DEBUG")
			d := newDisk()
			bets, err := store.Open(t.Context(), "bets.csv", store.Options{FS: d})
			if err != nil {
				t.Fatal(err)
			}
			put := func(offset lottery.Offset) *store.Commit {
				b := bet(offset)
				b.Agency = 1
				record, err := protocol.AppendRecord(nil, &b)
				if err != nil {
					t.Fatal(err)
				}
				commit, err := bets.StoreBets(1, offset, []lottery.Bet{b}, record)
				if err != nil {
					t.Fatal(err)
				}
				return commit
			}
			r := &replier{session: &session{server: new(Server), agency: 1}, over: true}
			if err := (batchReply{commit: put(0), count: 1}).complete(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			if tt.full {
				d.set(failing("write", "bets.csv"))
			}
			_ = tt.next(put).complete(t.Context(), r) // it logs its failure
			got := lines()
			if len(got) != 2 || !strings.Contains(got[0], batchLine+"success") || !strings.Contains(got[1], tt.want) {
				t.Errorf("logged\n%s\nwant %q second", strings.Join(got, "\n"), tt.want)
			}
		})
	}
}
