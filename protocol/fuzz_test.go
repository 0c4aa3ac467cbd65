package protocol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// seedFrames are whole frames, right and wrong, to begin with.
func seedFrames(f *testing.F) (seeds [][]byte) {
	for _, tt := range frames {
		seeds = append(seeds, unhex(f, tt.frame))
	}
	for _, v := range rejectedVectors(f) {
		seeds = append(seeds, v.stream)
	}
	const accepted = "testdata/accept.txt"
	for _, e := range append(parseExamples(f, accepted, readFile(f, accepted)), documentExamples(f, readFile(f, document))...) {
		seeds = append(seeds, e.frame)
	}
	return seeds
}

// fuzzDecoder decodes any payload as a message. What is accepted must encode
// to the same bytes, and must not take memory out of proportion to them.
func fuzzDecoder(f *testing.F, kind Type) {
	for _, frame := range seedFrames(f) {
		if len(frame) >= headerSize {
			f.Add(frame[headerSize:])
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		m := messages[kind]()
		err := m.Decode(payload)
		if items := room(m); items > 2*len(payload)+8 {
			t.Errorf("room for %d items from %d bytes", items, len(payload))
		}
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("got %v, want ErrMalformed", err)
			}
			return
		}
		if hello, ok := m.(*Hello); ok && hello.Version != Version {
			return // whose payload has a form that is not ours
		}
		encoded, err := m.Append(nil)
		if err != nil || !bytes.Equal(encoded, payload) {
			t.Errorf("decoded %+v\nfrom    %x\nencodes %x, %v", m, payload, encoded, err)
		}
		frame, err := AppendFrame(nil, m)
		if fits := len(payload) <= maxPayload; fits != (err == nil) {
			t.Errorf("a frame for a payload of %d bytes: %v", len(payload), err)
		}
		if err == nil && !bytes.Equal(frame[headerSize:], payload) {
			t.Errorf("frame %x of payload %x", frame, payload)
		}
	})
}

// room is how many bets or documents a message has reserved memory for.
func room(m Message) int {
	switch m := m.(type) {
	case *Batch:
		return cap(m.Bets)
	case *Winners:
		return cap(m.Documents)
	}
	return 0
}

func FuzzHello(f *testing.F)      { fuzzDecoder(f, TypeHello) }
func FuzzBatch(f *testing.F)      { fuzzDecoder(f, TypeBatch) }
func FuzzBet(f *testing.F)        { fuzzDecoder(f, TypeBet) }
func FuzzFinished(f *testing.F)   { fuzzDecoder(f, TypeFinished) }
func FuzzQuery(f *testing.F)      { fuzzDecoder(f, TypeQuery) }
func FuzzWelcome(f *testing.F)    { fuzzDecoder(f, TypeWelcome) }
func FuzzAck(f *testing.F)        { fuzzDecoder(f, TypeAck) }
func FuzzRegistered(f *testing.F) { fuzzDecoder(f, TypeRegistered) }
func FuzzWinners(f *testing.F)    { fuzzDecoder(f, TypeWinners) }
func FuzzError(f *testing.F)      { fuzzDecoder(f, TypeError) }

// FuzzReader reads any stream, at once and byte by byte: both must give the
// same frames, which are the stream up to where it fails.
func FuzzReader(f *testing.F) {
	seeds := seedFrames(f)
	for i, frame := range seeds {
		f.Add(frame)
		f.Add(append(bytes.Clone(frame), seeds[(i+7)%len(seeds)]...))
	}
	f.Add(bytes.Join(seeds, nil))
	f.Fuzz(func(t *testing.T, stream []byte) {
		read, err := readAll(bytes.NewReader(stream))
		slowly, slowErr := readAll(iotest.OneByteReader(bytes.NewReader(stream)))
		if !bytes.Equal(read, slowly) || err.Error() != slowErr.Error() {
			t.Errorf("at once %x, %v\nslowly %x, %v", read, err, slowly, slowErr)
		}
		rest, ok := bytes.CutPrefix(stream, read)
		if !ok {
			t.Fatalf("read %x\nfrom %x", read, stream)
		}
		if want := failureOf(rest); !errors.Is(err, want) {
			t.Errorf("%d bytes left (%x): got %v, want %v", len(rest), rest[:min(len(rest), 8)], err, want)
		}
	})
}

// readAll reads frames until that fails, and puts them together again.
func readAll(r io.Reader) (stream []byte, err error) {
	frames := NewReader(r)
	for {
		kind, payload, err := frames.Next()
		if err != nil {
			return stream, err
		}
		stream = binary.BigEndian.AppendUint32(stream, uint32(1+len(payload)))
		stream = append(append(stream, byte(kind)), payload...)
	}
}

// failureOf says how a stream fails that begins with no whole frame.
func failureOf(stream []byte) error {
	if len(stream) == 0 {
		return io.EOF
	}
	if len(stream) >= lengthSize {
		if n := binary.BigEndian.Uint32(stream); n == 0 || n > 7996 {
			return ErrMalformed
		}
	}
	return io.ErrUnexpectedEOF
}

// FuzzAppendBatch compares a frame made of finished records with that of the same
// Batch.
func FuzzAppendBatch(f *testing.F) {
	f.Add(uint64(0), "Ana", "Ríos", "00123456", uint16(1999), uint8(3), uint8(17), int64(7574), uint8(3))
	f.Add(uint64(1<<63), "", "", "", uint16(0), uint8(0), uint8(0), int64(-1), uint8(255))
	f.Fuzz(func(t *testing.T, offset uint64, first, last, doc string, year uint16, month, day uint8, number int64, count uint8) {
		bet := lottery.Bet{FirstName: first, LastName: last, Document: doc, Birthdate: lottery.Date{Year: year, Month: month, Day: day}, Number: number}
		if _, err := AppendRecord(nil, &bet); err != nil {
			if max(len(first), len(last), len(doc)) <= MaxString || !errors.Is(err, ErrTooLong) {
				t.Fatal(err)
			}
			return
		}
		checkAppendBatch(t, lottery.Offset(offset), slices.Repeat([]lottery.Bet{bet}, 1+int(count)))
	})
}
