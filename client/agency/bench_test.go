package agency

import (
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// BenchmarkReader reads a data file's rows and puts them into batches, as an
// upload does. Each operation is one bet.
func BenchmarkReader(b *testing.B) {
	for name, row := range map[string]string{
		"usual":  "María Belén,Di Stéfano,30904465,1999-03-17,2201\r\n",
		"quoted": "\"María \"\"Belén\"\"\",\"Paz, hija\",30904465,1999-03-17,2201\r\n",
	} {
		b.Run(name, func(b *testing.B) {
			r := newReader("endless", &endless{row: row})
			var bet protocol.Bet
			var batch protocol.BatchBuilder
			b.SetBytes(int64(len(row)))
			b.ReportAllocs()
			for b.Loop() {
				if err := r.Next(&bet); err != nil {
					b.Fatal(err)
				}
				fits, err := batch.Add(&bet)
				if err != nil {
					b.Fatal(err)
				}
				if !fits {
					batch.Start(batch.End())
				}
			}
		})
	}
}
