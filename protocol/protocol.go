// Package protocol is the wire format that agencies and the central speak: it
// turns messages into bytes and bytes into messages. PROTOCOL.md, beside this
// file, specifies it.
//
// Every frame is a length, a type and a payload:
//
//	length  uint32  bytes that follow, big-endian: type and payload
//	type    uint8
//	payload length - 1 bytes
//
// All integers are big-endian. A string is a uint8 length in bytes followed by
// that much UTF-8.
package protocol

import "errors"

// Version is the protocol version that this package speaks.
const Version = 1

const (
	// MaxFrame is the size of the largest frame in bytes, its length field
	// included.
	MaxFrame = 8000

	// MaxString is the size of the longest string in bytes.
	MaxString = 255

	lengthSize = 4
	headerSize = lengthSize + 1
	maxPayload = MaxFrame - headerSize
)

var (
	// ErrMalformed is wrapped by every error about bytes that are no valid
	// frame or message.
	ErrMalformed = errors.New("malformed frame")

	// ErrTooLong is wrapped by every error about a message longer than its
	// frame or its count allow, or a string longer than MaxString.
	ErrTooLong = errors.New("too long")
)

// Message is one message of the protocol.
type Message interface {
	// Type is the message's frame type.
	Type() Type

	// Append appends the message's payload to dst. It fails with ErrTooLong
	// if a string does not fit.
	Append(dst []byte) ([]byte, error)

	// Decode sets the message from a frame's payload, of which it keeps
	// nothing. It fails with ErrMalformed.
	Decode(payload []byte) error
}
