package protocol

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

// AppendFrame appends the frame of a message to dst. It fails with ErrTooLong
// if the message does not fit, and then returns dst as it was.
func AppendFrame(dst []byte, m Message) ([]byte, error) {
	start := len(dst)
	frame, err := m.Append(append(dst, 0, 0, 0, 0, byte(m.Type())))
	if err != nil {
		return dst, fmt.Errorf("encode %v: %w", m.Type(), err)
	}
	size := len(frame) - start
	if size > MaxFrame {
		return dst, fmt.Errorf("encode %v: %w: %d bytes in a frame of at most %d", m.Type(), ErrTooLong, size, MaxFrame)
	}
	binary.BigEndian.PutUint32(frame[start:], uint32(size-lengthSize))
	return frame, nil
}

// readBuffer holds two of the largest frames, so that one read of the socket
// can bring more than one.
const readBuffer = 2 * MaxFrame

// readBuffers are shared by all Readers.
var readBuffers = sync.Pool{New: func() any { return new([readBuffer]byte) }}

// Reader reads frames from a stream. Between frames, where a connection may wait
// for long and a central has thousands that do, it holds no buffer but a few
// bytes, unless the last read was a full one.
type Reader struct {
	r      io.Reader
	unread []byte            // from the stream, in few or shared
	used   int               // its first bytes: the frame returned last
	more   bool              // the last read was a full one: as a rule, more has come
	few    [64]byte          // enough for most of what is not a batch
	shared *[readBuffer]byte // nil if few is enough
}

// NewReader returns a Reader of r. It reads ahead, so nothing else should read
// from r afterwards.
func NewReader(r io.Reader) *Reader { return &Reader{r: r} }

// Next returns the next frame. The payload is valid until the next call.
//
// It fails with io.EOF if the stream ends between frames, with
// io.ErrUnexpectedEOF if it ends inside one, with ErrMalformed if the length
// is none that a frame can have, and with the stream's own errors.
func (r *Reader) Next() (Type, []byte, error) {
	r.unread, r.used = r.unread[r.used:], 0
	if len(r.unread) == 0 && r.shared != nil {
		readBuffers.Put(r.shared)
		r.shared = nil
	}
	if err := r.fill(lengthSize); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(r.unread)
	if n < 1 || n > MaxFrame-lengthSize {
		return 0, nil, fmt.Errorf("%w: length %d, expected 1 to %d", ErrMalformed, n, MaxFrame-lengthSize)
	}
	if err := r.fill(lengthSize + int(n)); err != nil {
		return 0, nil, err
	}
	r.used = lengthSize + int(n)
	return Type(r.unread[lengthSize]), r.unread[headerSize:r.used], nil
}

// fill reads until there are n unread bytes, and takes more if they have come.
func (r *Reader) fill(n int) error {
	if len(r.unread) >= n {
		return nil
	}
	if r.shared == nil && (r.more || n > len(r.few)) {
		r.shared = readBuffers.Get().(*[readBuffer]byte)
	}
	buffer := r.few[:]
	if r.shared != nil {
		buffer = r.shared[:]
	}
	have := copy(buffer, r.unread)
	read, err := io.ReadAtLeast(r.r, buffer[have:], n-have)
	r.unread = buffer[:have+read]
	r.more = len(r.unread) == len(buffer)
	if err == io.EOF && have > 0 {
		return io.ErrUnexpectedEOF
	}
	return err
}
