package protocol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// stream is all messages of the table, one after the other, and the longest
// frame there can be.
func stream(t testing.TB) (all []byte, each [][]byte) {
	t.Helper()
	for _, tt := range frames {
		each = append(each, unhex(t, tt.frame))
	}
	each = append(each, rawFrame(TypeBatch, MaxFrame-lengthSize))
	return bytes.Join(each, nil), each
}

// rawFrame is a frame of the given length, with a payload of no meaning.
func rawFrame(kind Type, length uint32) []byte {
	frame := binary.BigEndian.AppendUint32(nil, length)
	frame = append(frame, byte(kind))
	for len(frame) < lengthSize+int(length) {
		frame = append(frame, byte(len(frame)))
	}
	return frame
}

func TestReader(t *testing.T) {
	all, each := stream(t)
	for name, slow := range map[string]func(io.Reader) io.Reader{
		"at once":         func(r io.Reader) io.Reader { return r },
		"byte by byte":    iotest.OneByteReader,
		"by halves":       iotest.HalfReader,
		"data with error": iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReader(slow(bytes.NewReader(all)))
			for i, want := range each {
				kind, payload, err := r.Next()
				if err != nil || kind != Type(want[4]) || !bytes.Equal(payload, want[5:]) {
					t.Fatalf("frame %d: got %v %x, %v, want %x", i, kind, payload, err, want)
				}
			}
			for range 2 {
				if _, _, err := r.Next(); err != io.EOF {
					t.Errorf("behind the last: got %v, want io.EOF", err)
				}
			}
		})
	}
}

// TestReaderCut ends a stream of two frames at every byte of the second.
func TestReaderCut(t *testing.T) {
	first, second := rawFrame(TypeAck, 9), rawFrame(TypeBatch, 40)
	for n := range second {
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		r := NewReader(iotest.OneByteReader(bytes.NewReader(append(bytes.Clone(first), second[:n]...))))
		if _, _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if kind, payload, err := r.Next(); err != want || kind != 0 || payload != nil {
			t.Errorf("cut at byte %d: got %v %x, %v, want %v", n, kind, payload, err, want)
		}
	}
}

func TestReaderLengths(t *testing.T) {
	for length, ok := range map[uint32]bool{
		0: false, 1: true, 2: true, 7995: true, 7996: true,
		7997: false, 8000: false, 1 << 24: false, 1 << 31: false, 1<<32 - 1: false,
	} {
		frame := rawFrame(TypeQuery, min(length, 10_000))
		binary.BigEndian.PutUint32(frame, length)
		kind, payload, err := readOne(frame)
		switch {
		case ok && (err != nil || kind != TypeQuery || len(payload) != int(length)-1):
			t.Errorf("length %d: got %v and %d bytes, %v", length, kind, len(payload), err)
		case !ok && (!errors.Is(err, ErrMalformed) || payload != nil):
			t.Errorf("length %d: got %d bytes, %v, want ErrMalformed", length, len(payload), err)
		}
	}
}

// TestReaderReservesNothing shows lengths to a Reader that are not followed by
// as many bytes, or by any: all that it may allocate is the error and, for a
// frame that needs one, a buffer that all share.
func TestReaderReservesNothing(t *testing.T) {
	for length, most := range map[uint32]uint64{
		0: 1 << 10, 1: 1 << 10, 59: 1 << 10, 7997: 1 << 10, 1 << 31: 1 << 10, 1<<32 - 1: 1 << 10,
		7996: readBuffer + 1<<10,
	} {
		r := NewReader(bytes.NewReader(binary.BigEndian.AppendUint32(nil, length)))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := r.Next()
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; err == nil || allocated > most {
			t.Errorf("length %d: %d bytes allocated, want at most %d, error %v", length, allocated, most, err)
		}
	}
}

// TestReaderHoldsNothing waits between frames, small and large, as thousands of
// connections do. Behind a frame of exactly 64 bytes, more is expected at once.
func TestReaderHoldsNothing(t *testing.T) {
	for _, tt := range []struct {
		frame         int
		read, waiting bool // whether there is a shared buffer then
	}{{5, false, false}, {63, false, false}, {64, false, true}, {65, true, false}, {MaxFrame, true, false}} {
		r := NewReader(iotest.OneByteReader(bytes.NewReader(rawFrame(TypeBatch, uint32(tt.frame-lengthSize)))))
		if _, _, err := r.Next(); err != nil || (r.shared != nil) != tt.read {
			t.Errorf("%d bytes: %v, holds a shared buffer: %t", tt.frame, err, r.shared != nil)
		}
		if _, _, err := r.Next(); err != io.EOF || (r.shared != nil) != tt.waiting {
			t.Errorf("%d bytes: %v, holds a shared buffer while it waits: %t", tt.frame, err, r.shared != nil)
		}
	}
}

// TestReaderReadsMuch counts the reads of a stream that is all there. Frames of
// 16, 32 and 64 bytes fill the few bytes exactly, those of 8,000 all.
func TestReaderReadsMuch(t *testing.T) {
	const size = 10 * readBuffer
	for _, frame := range []int{5, 13, 16, 32, 48, 64, 65, 500, 8000} {
		all := bytes.Repeat(rawFrame(TypeBatch, uint32(frame-lengthSize)), size/frame)
		reads := 0
		r := NewReader(readerFunc(func(p []byte) (int, error) {
			reads++
			n := copy(p, all)
			all = all[n:]
			return n, nil
		}))
		for range size / frame {
			if _, _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
		}
		if most := 1 + size/(readBuffer-frame) + 1; reads > most {
			t.Errorf("frames of %d bytes: %d reads, want at most %d", frame, reads, most)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestReadersDoNotDisturb has Readers of several streams return frames in turn:
// a payload stays as it is until the next call to the same Reader.
func TestReadersDoNotDisturb(t *testing.T) {
	var readers [3]*Reader
	for i := range readers {
		var frames []byte
		for size := range uint32(40) {
			frames = append(frames, rawFrame(Type(i), 1+100*size)...)
		}
		readers[i] = NewReader(bytes.NewReader(frames))
	}
	for size := range uint32(40) {
		var kinds [len(readers)]Type
		var payloads [len(readers)][]byte
		for i, r := range readers {
			var err error
			if kinds[i], payloads[i], err = r.Next(); err != nil {
				t.Fatal(err)
			}
		}
		for i, payload := range payloads {
			want := rawFrame(Type(i), 1+100*size)
			if kinds[i] != Type(i) || !bytes.Equal(payload, want[headerSize:]) {
				t.Errorf("frame %d of reader %d: %v %x, want %x", size, i, kinds[i], payload, want)
			}
		}
		if _, _, err := NewReader(bytes.NewReader(rawFrame(0xff, 7996))).Next(); err != nil {
			t.Error(err)
		}
	}
}

// TestReaderStaysFailed asks again after a length that cannot be.
func TestReaderStaysFailed(t *testing.T) {
	r := NewReader(strings.NewReader("hola, central\n"))
	for range 3 {
		if _, _, err := r.Next(); !errors.Is(err, ErrMalformed) {
			t.Errorf("got %v, want ErrMalformed", err)
		}
	}
}

// TestReaderPassesErrors has a stream fail between frames and inside one, and
// go on afterwards, as one does whose deadline was moved.
func TestReaderPassesErrors(t *testing.T) {
	before, frame := rawFrame(TypeBatch, 40), rawFrame(TypeFinished, 9)
	for n := range frame {
		r := NewReader(io.MultiReader(bytes.NewReader(before), bytes.NewReader(frame[:n]), &failOnce{}, bytes.NewReader(frame[n:])))
		if _, _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.Next(); err != iotest.ErrTimeout {
			t.Errorf("failing at byte %d: got %v, want %v", n, err, iotest.ErrTimeout)
		}
		if kind, payload, err := r.Next(); err != nil || kind != TypeFinished || !bytes.Equal(payload, frame[5:]) {
			t.Errorf("going on at byte %d: got %v %x, %v", n, kind, payload, err)
		}
	}
}

// failOnce is a stream that fails, and then is at its end.
type failOnce struct{ failed bool }

func (f *failOnce) Read([]byte) (int, error) {
	if f.failed {
		return 0, io.EOF
	}
	f.failed = true
	return 0, iotest.ErrTimeout
}

func TestReaderAllocatesNothing(t *testing.T) {
	frame := rawFrame(TypeBatch, MaxFrame-lengthSize)
	r := NewReader(bytes.NewReader(bytes.Repeat(frame, 200)))
	if n := testing.AllocsPerRun(100, func() {
		if _, _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a frame", n)
	}
}

// TestReaderReturnsBuffers waits after each frame, and so returns the buffer.
func TestReaderReturnsBuffers(t *testing.T) {
	const count = 20
	frame := rawFrame(TypeBatch, MaxFrame-lengthSize)
	r := NewReader(&endless{block: frame})
	if n := testing.AllocsPerRun(50, func() {
		for range count {
			if _, _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
		}
	}); n > count/2 { // with -race, a pool forgets a quarter of them
		t.Errorf("%v allocations for %d frames", n, count)
	}
}

func TestAppendFrameLimit(t *testing.T) {
	// Ten of the largest bets and one that fills up what is left, or more.
	const start, each = 15, 780
	bets := make([]Bet, 10)
	for i := range bets {
		bets[i] = Bet{FirstName: strings.Repeat("a", 255), LastName: strings.Repeat("b", 255), Document: strings.Repeat("1", 255)}
	}
	for last, ok := range map[int]bool{MaxFrame - start - 10*each: true, MaxFrame - start - 10*each + 1: false} {
		batch := &Batch{Bets: append(bets[:10:10], Bet{FirstName: strings.Repeat("c", last-minBet)})}
		frame, err := AppendFrame(nil, batch)
		if ok != (err == nil) || ok && len(frame) != MaxFrame || !ok && (!errors.Is(err, ErrTooLong) || frame != nil) {
			t.Errorf("last bet of %d bytes: got a frame of %d, %v", last, len(frame), err)
		}
	}
	if _, err := AppendFrame(nil, &Batch{Bets: make([]Bet, MaxBatch+1)}); !errors.Is(err, ErrTooLong) {
		t.Errorf("more bets than can be counted: %v", err)
	}
	if _, err := (&Batch{Bets: make([]Bet, MaxBatch+1)}).Append(nil); !errors.Is(err, ErrTooLong) {
		t.Errorf("more bets than can be counted, without a frame: %v", err)
	}
	if _, err := AppendFrame(nil, &Winners{Documents: make([]string, 1<<16)}); !errors.Is(err, ErrTooLong) {
		t.Errorf("more documents than can be counted: %v", err)
	}
}

// A Reader takes frames off a stream, of which the type says what they are.
func ExampleReader() {
	connection := new(bytes.Buffer)
	frame, err := AppendFrame(nil, &Hello{Version: Version, Agency: 3})
	if err != nil {
		panic(err)
	}
	connection.Write(frame)

	frames := NewReader(connection)
	kind, payload, err := frames.Next()
	if err != nil || kind != TypeHello {
		panic(fmt.Sprint(kind, err))
	}
	var hello Hello
	if err := hello.Decode(payload); err != nil {
		panic(err)
	}
	fmt.Println(kind, "of agency", hello.Agency)
	// Output: HELLO of agency 3
}
