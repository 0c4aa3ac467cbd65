package protocol

import (
	"bytes"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// batchOf100 is the frame of a batch as the course's data makes them.
func batchOf100(b *testing.B) (bets []lottery.Bet, frame []byte) {
	b.Helper()
	bets = someBets(100)
	frame, err := AppendFrame(nil, &Batch{Bets: bets})
	if err != nil {
		b.Fatal(err)
	}
	return bets, frame
}

func BenchmarkAppendFrame(b *testing.B) {
	bets, frame := batchOf100(b)
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	batch := Batch{Bets: bets}
	for b.Loop() {
		var err error
		if frame, err = AppendFrame(frame[:0], &batch); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeBatch(b *testing.B) {
	_, frame := batchOf100(b)
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	var batch Batch
	for b.Loop() {
		if err := batch.Decode(frame[headerSize:]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReader(b *testing.B) {
	_, frame := batchOf100(b)
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	r := NewReader(&endless{block: bytes.Repeat(frame, 16)})
	for b.Loop() {
		if _, _, err := r.Next(); err != nil {
			b.Fatal(err)
		}
	}
}

// endless is a stream that repeats a block.
type endless struct {
	block []byte
	at    int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.block[e.at:])
	e.at = (e.at + n) % len(e.block)
	return n, nil
}

func BenchmarkChecksum(b *testing.B) {
	_, frame := batchOf100(b)
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	var sum uint32
	for b.Loop() {
		sum = Checksum(sum, frame[(headerSize+8+2):])
	}
}
