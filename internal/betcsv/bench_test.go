package betcsv

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// usualRows are rows as they are in data files. They differ in length, so that a
// processor cannot predict them.
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

func benchmarkReader(b *testing.B, rows string, count int, open func(io.Reader) *Reader) {
	src := strings.NewReader(rows)
	r := open(src)
	b.SetBytes(int64(len(rows) / count))
	b.ReportAllocs()
	for b.Loop() {
		_, err := r.Next()
		if err == io.EOF {
			src.Reset(rows)
			r = open(src)
		} else if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDataReader reads the rows of a data file, each operation one bet.
func BenchmarkDataReader(b *testing.B) {
	const count = 10_000
	usual := usualRows(count)
	for name, rows := range map[string]string{
		"usual":  usual,
		"quoted": strings.ReplaceAll(usual, "Paz", `"Paz, ""hija"""`),
	} {
		b.Run(name, func(b *testing.B) {
			benchmarkReader(b, rows, count, func(src io.Reader) *Reader { return NewDataReader(src, "agency-1.csv", 1) })
		})
	}
}

// BenchmarkReader reads the rows of bets.csv, each operation one bet.
func BenchmarkReader(b *testing.B) {
	const count = 10_000
	benchmarkReader(b, string(appendRows(nil, bets(b, usualRows(count)))), count, NewReader)
}

// BenchmarkAppendRow writes rows of bets.csv, each operation one bet.
func BenchmarkAppendRow(b *testing.B) {
	usual := bets(b, usualRows(1000))
	rows := appendRows(nil, usual)
	b.SetBytes(int64(len(rows) / len(usual)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i == len(usual) {
			i, rows = 0, rows[:0]
		}
		rows = AppendRow(rows, &usual[i])
		i++
	}
}

// bets are those of a data file.
func BenchmarkAppendRows(b *testing.B) {
	usual := bets(b, usualRows(100))
	var rows []byte
	b.ReportAllocs()
	for b.Loop() {
		rows, _, _ = AppendRows(rows[:0], usual)
	}
	b.SetBytes(int64(len(rows)))
}

func bets(b *testing.B, rows string) []lottery.Bet {
	b.Helper()
	bets, err := readAll(bytes.NewReader([]byte(rows)))
	if err != nil {
		b.Fatal(err)
	}
	return bets
}
