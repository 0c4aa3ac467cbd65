package protocol

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// AppendFrame appends the frame of a message to dst. If the message does not fit, it
// fails with ErrTooLong and returns dst as it was.
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
	be.PutUint32(frame[start:], uint32(size-lengthSize))
	return frame, nil
}

// ReadSize is the size of a Reader's buffer in bytes: a frame of the largest size. A larger
// buffer is not faster, and a central of a thousand agencies has a thousand of them.
const ReadSize = MaxFrame

// Reader reads frames from a stream.
type Reader struct {
	stream *bufio.Reader
	size   int // of the last frame that Next returned; it is still in the buffer
}

// NewReader returns a Reader of r. It reads ahead, so nothing else may read from r
// after this. If r is a *bufio.Reader of at least ReadSize, the Reader adds no buffer.
func NewReader(r io.Reader) *Reader { return &Reader{stream: bufio.NewReaderSize(r, ReadSize)} }

// Next returns the next frame. The payload is valid until the next call.
//
// It fails with io.EOF if the stream ends between two frames, with
// io.ErrUnexpectedEOF if the stream ends inside a frame, with ErrMalformed if no frame
// can have the length, and with the errors of the stream.
func (r *Reader) Next() (Type, []byte, error) {
	_, _ = r.stream.Discard(r.size) // cannot fail: the frame is in the buffer
	r.size = 0
	length, err := r.peek(lengthSize)
	if err != nil {
		return 0, nil, err
	}
	n := be.Uint32(length)
	if n < 1 || n > MaxFrame-lengthSize {
		return 0, nil, fmt.Errorf("%w: length %d, expected 1 to %d", ErrMalformed, n, MaxFrame-lengthSize)
	}
	frame, err := r.peek(lengthSize + int(n))
	if err != nil {
		return 0, nil, err
	}
	r.size = len(frame)
	return Type(frame[lengthSize]), frame[headerSize:], nil
}

// peek returns the next n bytes. They stay in the buffer. It waits until it has all of
// them, however few bytes one read of the stream returns.
func (r *Reader) peek(n int) ([]byte, error) {
	bytes, err := r.stream.Peek(n)
	if errors.Is(err, io.EOF) && len(bytes) > 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return bytes, err
}
