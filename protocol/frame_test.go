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

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
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
					t.Errorf("after the last: got %v, want io.EOF", err)
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
// as many bytes, or by any: all that it may allocate then is the error.
func TestReaderReservesNothing(t *testing.T) {
	for _, length := range []uint32{0, 1, 59, 7996, 7997, 1 << 31, 1<<32 - 1} {
		r := NewReader(bytes.NewReader(binary.BigEndian.AppendUint32(nil, length)))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := r.Next()
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; err == nil || allocated > 1<<10 {
			t.Errorf("length %d: %d bytes allocated, error %v", length, allocated, err)
		}
	}
}

// TestReaderReadsMuch counts the reads of a stream that is all there.
func TestReaderReadsMuch(t *testing.T) {
	const size = 10 * ReadSize
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
		// A read fills what the beginning of a frame leaves of the buffer.
		if most := min(2+size/(ReadSize-frame+1), 2*size/frame); reads > most {
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

func TestAppendFrameLimit(t *testing.T) {
	// Ten of the largest bets and one that fills up what is left, or more.
	const start, each = 15, 780
	bets := make([]lottery.Bet, 10)
	for i := range bets {
		bets[i] = lottery.Bet{FirstName: strings.Repeat("a", 255), LastName: strings.Repeat("b", 255), Document: strings.Repeat("1", 255)}
	}
	for last, ok := range map[int]bool{MaxFrame - start - 10*each: true, MaxFrame - start - 10*each + 1: false} {
		batch := &Batch{Bets: append(bets[:10:10], lottery.Bet{FirstName: strings.Repeat("c", last-minRecord)})}
		frame, err := AppendFrame(nil, batch)
		if ok != (err == nil) || ok && len(frame) != MaxFrame || !ok && (!errors.Is(err, ErrTooLong) || frame != nil) {
			t.Errorf("last bet of %d bytes: got a frame of %d, %v", last, len(frame), err)
		}
	}
	if _, err := AppendFrame(nil, &Batch{Bets: make([]lottery.Bet, MaxBatch+1)}); !errors.Is(err, ErrTooLong) {
		t.Errorf("more bets than can be counted: %v", err)
	}
	if _, err := (&Batch{Bets: make([]lottery.Bet, MaxBatch+1)}).Append(nil); !errors.Is(err, ErrTooLong) {
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
