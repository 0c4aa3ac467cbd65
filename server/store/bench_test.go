package store

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// sampleBets makes bets that look like the official ones.
func sampleBets(id lottery.AgencyID, from, n int) []lottery.Bet {
	bets := make([]lottery.Bet, n)
	for i := range bets {
		k := from + i
		bets[i] = lottery.Bet{
			Agency:    id,
			FirstName: [...]string{"Santiago Lionel", "María José", "Ana", "Agustín Emanuel"}[k%4],
			LastName:  [...]string{"Lorca", "Zambrano", "Peña", "Di Stéfano"}[k/4%4],
			Document:  fmt.Sprintf("%08d", 20000000+k),
			Birthdate: lottery.Date{Year: uint16(1940 + k%60), Month: uint8(1 + k%12), Day: uint8(1 + k%28)},
			Number:    int64(k % 10000),
		}
	}
	return bets
}

func appendRows(dst []byte, bets []lottery.Bet) []byte {
	for i := range bets {
		dst = betcsv.AppendRow(dst, &bets[i])
	}
	return dst
}

// BenchmarkStoreBets stores batches of 100, sync off, each operation one batch.
func BenchmarkStoreBets(b *testing.B) {
	for _, inFlight := range []int{1, 8} {
		b.Run(fmt.Sprintf("inflight=%d", inFlight), func(b *testing.B) {
			s := mustOpen(b, filepath.Join(b.TempDir(), "bets.csv"), Options{})
			bets := sampleBets(1, 0, 100)
			records := recordsOf(bets)
			window := make([]*Commit, 0, inFlight)
			b.SetBytes(int64(len(appendRows(nil, bets))))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				c, err := s.StoreBets(1, lottery.Offset(i*len(bets)), bets, records)
				if err != nil {
					b.Fatal(err)
				}
				if window = append(window, c); len(window) == inFlight {
					if err := c.Wait(); err != nil {
						b.Fatal(err)
					}
					window = window[:0]
				}
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkOpen reads a file of 200,000 bets, each operation all of it, and for
// comparison with encoding/csv.
func BenchmarkOpen(b *testing.B) {
	const count = 200_000
	path := filepath.Join(b.TempDir(), "bets.csv")
	rows := appendRows(nil, sampleBets(1, 0, count))
	if err := os.WriteFile(path, rows, 0o644); err != nil {
		b.Fatal(err)
	}
	b.Run("store", func(b *testing.B) {
		b.SetBytes(int64(len(rows)))
		b.ReportAllocs()
		for b.Loop() {
			s := mustOpen(b, path, Options{})
			if s.Bets() != count {
				b.Fatalf("%d bets, want %d", s.Bets(), count)
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding-csv", func(b *testing.B) {
		b.SetBytes(int64(len(rows)))
		b.ReportAllocs()
		for b.Loop() {
			r := csv.NewReader(bytes.NewReader(rows))
			r.ReuseRecord = true
			for {
				if _, err := r.Read(); err == io.EOF {
					break
				} else if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
