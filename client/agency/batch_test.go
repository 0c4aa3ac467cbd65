package agency

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv/betcsvtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// runUpload runs an agency with these bets against a model of the central, and checks
// that all of them are stored.
func runUpload(t *testing.T, c *central, bets []lottery.Bet, options Options) []string {
	t.Helper()
	winners, err := Run(t.Context(), 1, writeDataFile(t, bets), c.dial, options)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait() // for the central's side
	if !slices.Equal(c.stored, bets) {
		t.Errorf("%d bets are stored, want %d", len(c.stored), len(bets))
	}
	return winners
}

// sized makes n bets whose records have size bytes each.
func sized(n, size int) []lottery.Bet {
	bets := betcsvtest.Numbered(n)
	for i := range bets {
		record, _ := protocol.AppendRecord(nil, &bets[i])
		room := size - len(record)
		for _, field := range []*string{&bets[i].FirstName, &bets[i].LastName, &bets[i].Document} {
			more := min(room, protocol.MaxString-len(*field))
			*field += strings.Repeat("x", more)
			room -= more
		}
	}
	return bets
}

// batchHead is how many bytes a BATCH frame has before the first bet.
const batchHead = 4 + 1 + 8 + 2

func TestBatches(t *testing.T) {
	for _, tt := range []struct {
		name string
		bets []lottery.Bet
		max  int
		want []int // bets per batch
	}{
		{"empty file", nil, 10, nil},
		{"one bet", betcsvtest.Numbered(1), 10, []int{1}},
		{"fewer than a batch", betcsvtest.Numbered(9), 10, []int{9}},
		{"exactly a batch", betcsvtest.Numbered(10), 10, []int{10}},
		{"one bet over", betcsvtest.Numbered(11), 10, []int{10, 1}},
		{"rows mod maxAmount is 1", betcsvtest.Numbered(31), 10, []int{10, 10, 10, 1}},
		{"exactly three", betcsvtest.Numbered(30), 10, []int{10, 10, 10}},
		{"last partial", betcsvtest.Numbered(28), 10, []int{10, 10, 8}},
		{"one each", betcsvtest.Numbered(3), 1, []int{1, 1, 1}},
		{"no limit but the frame", sized(200, 100), 0, []int{79, 79, 42}},
		// A frame has 7,985 bytes for records: 79 of 101 bytes are 7,979.
		{"the bet that overflows opens the next", sized(160, 101), 1000, []int{79, 79, 2}},
		{"count closes before bytes", sized(160, 101), 79, []int{79, 79, 2}},
		{"bytes close before count", sized(160, 101), 80, []int{79, 79, 2}},
		{"largest bets", sized(23, 783), 65535, []int{10, 10, 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := new(central)
				runUpload(t, c, tt.bets, Options{RetryDeadline: time.Minute, BatchMaxAmount: tt.max})
				var got []int
				offset := 0
				for _, b := range c.batches() {
					if b.offset != lottery.Offset(offset) || b.size > protocol.MaxFrame {
						t.Errorf("batch at %d of %d bytes, want it at %d", b.offset, b.size, offset)
					}
					got = append(got, b.count)
					offset += b.count
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("batches of %v, want %v", got, tt.want)
				}
				if kinds := c.arrived; kinds[len(kinds)-2].kind != protocol.TypeFinished || kinds[len(kinds)-1].kind != protocol.TypeQuery {
					t.Error("the upload does not end with FINISHED and QUERY")
				}
			})
		})
	}
}

// A frame of exactly 8,000 bytes is sent; the bet that would make it 8,001 goes
// into the next.
func TestBatchOfExactlyTheLargestFrame(t *testing.T) {
	const full = protocol.MaxFrame - batchHead
	for _, tt := range []struct {
		over int
		want []int
	}{{0, []int{20, 1}}, {1, []int{19, 2}}} {
		synctest.Test(t, func(t *testing.T) {
			bets := append(sized(19, 400), sized(1, full-19*400+tt.over)...)
			bets = append(bets, betcsvtest.Numbered(1)...)
			c := new(central)
			runUpload(t, c, bets, Options{RetryDeadline: time.Minute, BatchMaxAmount: 1000})
			var got []int
			for _, b := range c.batches() {
				got = append(got, b.count)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%d over: batches of %v, want %v", tt.over, got, tt.want)
			}
			if first := c.batches()[0].size; tt.over == 0 && first != protocol.MaxFrame {
				t.Errorf("the first frame has %d bytes", first)
			}
		})
	}
}

func TestOnProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last Progress
		runUpload(t, new(central), betcsvtest.Numbered(55), Options{BatchMaxAmount: 10, OnProgress: func(p Progress) {
			if p.Sent < last.Sent || last.Waiting && !p.Waiting {
				t.Errorf("from %+v back to %+v", last, p)
			}
			last = p
		}})
		if last.Sent != last.Size || last.Size == 0 || !last.Waiting {
			t.Errorf("ended at %+v", last)
		}
	})
}
