// Package protocol is the wire format that agencies and the central speak: it
// turns messages into bytes and bytes into messages. PROTOCOL.md in this folder
// specifies it.
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
	// ErrMalformed says that bytes are not a valid frame or message. The errors
	// wrap it.
	ErrMalformed = errors.New("malformed frame")

	// ErrTooLong says that a message does not fit its frame or its count, or that
	// a string is longer than MaxString. The errors wrap it.
	ErrTooLong = errors.New("too long")
)

// Message is one message of the protocol.
type Message interface {
	// Type is the message's frame type.
	Type() Type

	// Append appends the message's payload to dst. It fails with ErrTooLong
	// if a string does not fit.
	Append(dst []byte) ([]byte, error)

	// Decode sets the message from the payload of a frame. It fails with
	// ErrMalformed. The caller may reuse the payload after the return, unless the
	// message says otherwise.
	Decode(payload []byte) error
}
