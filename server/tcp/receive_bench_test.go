package tcp

import (
	"path/filepath"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/embedded"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
)

// BenchmarkReceive takes batches of 100 bets from frame to file, without the
// network: each operation is one batch.
func BenchmarkReceive(b *testing.B) {
	bets, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "bets.csv"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	draw := draw.New(bets, draw.Options{Agencies: 1})
	c := embedded.New(bets, draw)
	claimed, err := c.Claim(b.Context(), 1, 1, func() {})
	if err != nil {
		b.Fatal(err)
	}
	s := &session{server: NewServer(c, Options{}), agency: 1, claimed: claimed}
	const count = 100
	message := protocol.Batch{}
	for n := range count {
		message.Bets = append(message.Bets, lottery.Bet{
			FirstName: [...]string{"Santiago Lionel", "María José", "Ana", "Agustín Emanuel"}[n%4],
			LastName:  [...]string{"Lorca", "Zambrano", "Peña", "Di Stéfano"}[n/4%4],
			Document:  "30904465",
			Birthdate: lottery.Date{Year: 1999, Month: 3, Day: 17},
			Number:    int64(n * 71 % 10_000),
		})
	}
	var payload []byte
	b.ReportAllocs()
	for b.Loop() {
		if payload, err = message.Append(payload[:0]); err != nil {
			b.Fatal(err)
		}
		reply, err := s.receive(protocol.TypeBatch, payload)
		if err != nil {
			b.Fatal(err)
		}
		if err := reply.(batchReply).commit.Wait(); err != nil {
			b.Fatal(err)
		}
		message.Offset += count
	}
	if err := bets.Close(); err != nil {
		b.Fatal(err)
	}
}
