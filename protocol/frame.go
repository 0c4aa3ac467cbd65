package protocol

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
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

// Reader reads frames from a stream.
type Reader struct {
	r    *bufio.Reader
	used int // bytes of the frame returned last, not yet discarded
}

// NewReader returns a Reader of r. It reads ahead, so nothing else should read
// from r afterwards.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, readBuffer)}
}

// Next returns the next frame. The payload is valid until the next call.
//
// It fails with io.EOF if the stream ends between frames, with
// io.ErrUnexpectedEOF if it ends inside one, with ErrMalformed if the length
// is none that a frame can have, and with the stream's own errors.
func (r *Reader) Next() (Type, []byte, error) {
	if _, err := r.r.Discard(r.used); err != nil {
		return 0, nil, err
	}
	r.used = 0
	length, err := r.r.Peek(lengthSize)
	if err != nil {
		return 0, nil, endInside(err, len(length))
	}
	n := binary.BigEndian.Uint32(length)
	if n < 1 || n > MaxFrame-lengthSize {
		return 0, nil, fmt.Errorf("%w: length %d, expected 1 to %d", ErrMalformed, n, MaxFrame-lengthSize)
	}
	frame, err := r.r.Peek(lengthSize + int(n))
	if err != nil {
		return 0, nil, endInside(err, len(frame))
	}
	r.used = len(frame)
	return Type(frame[lengthSize]), frame[headerSize:], nil
}

// endInside turns the end of the stream into io.ErrUnexpectedEOF where part of
// a frame was read.
func endInside(err error, read int) error {
	if errors.Is(err, io.EOF) && read > 0 {
		return io.ErrUnexpectedEOF
	}
	return err
}
