package agency

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// usualRows are rows as they are in data files. They differ in length, so that a
// processor cannot learn them by heart.
func usualRows(count int) string {
	random := rand.New(rand.NewPCG(7574, 0))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	var rows strings.Builder
	for range count {
		fmt.Fprintf(&rows, "%s,%s,%d,%04d-%02d-%02d,%d\r\n",
			pick("Ana", "María Belén", "Santiago Lionel", "Agustín", "Juan Ignacio", "Zoe Abril"),
			pick("Paz", "Lorca", "Di Stéfano", "Zambrano", "Fernández Lugo", "Sosa"),
			10_000_000+random.IntN(40_000_000), 1940+random.IntN(65), 1+random.IntN(12), 1+random.IntN(28), random.IntN(10_000))
	}
	return rows.String()
}

// BenchmarkReader reads a data file's rows and puts them into batches, as an
// upload does. Each operation is one bet.
func BenchmarkReader(b *testing.B) {
	const count = 1000
	usual := usualRows(count)
	for name, rows := range map[string]string{
		"usual":  usual,
		"quoted": strings.ReplaceAll(usual, "Paz", `"Paz, ""hija"""`),
	} {
		b.Run(name, func(b *testing.B) {
			r := newReader("endless", &endless{row: rows})
			var batch protocol.BatchBuilder
			b.SetBytes(int64(len(rows) / count))
			b.ReportAllocs()
			for b.Loop() {
				record, err := r.Next()
				if err != nil {
					b.Fatal(err)
				}
				if !batch.Add(record) {
					batch.Start(batch.Frame()[:0], batch.End())
				}
			}
		})
	}
}
