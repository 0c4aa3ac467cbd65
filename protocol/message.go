package protocol

import (
	"encoding/binary"
	"fmt"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

var be = binary.BigEndian

// Hello opens a connection: the agency says who it is.
type Hello struct {
	Version uint8
	Agency  lottery.AgencyID
}

// Type implements Message.
func (*Hello) Type() Type { return TypeHello }

// Append implements Message.
//
//	version uint8
//	agency  uint32
func (m *Hello) Append(dst []byte) ([]byte, error) {
	return be.AppendUint32(append(dst, m.Version), uint32(m.Agency)), nil
}

// Decode implements Message. If the version is not this package's, it sets
// only Version: the rest may have another layout.
func (m *Hello) Decode(payload []byte) error {
	d := newDecoder(payload)
	*m = Hello{Version: d.uint8()}
	if m.Version != Version && d.err == nil {
		return nil
	}
	m.Agency = lottery.AgencyID(d.uint32())
	return d.end(TypeHello)
}

// Welcome answers a Hello: what the central holds of the agency.
type Welcome struct {
	Stored   lottery.Offset // how many of the agency's bets are stored, durably
	Sum      uint32         // their checksum, see Checksum
	Finished bool           // the agency has finished and can send no more bets
	Drawn    bool           // the draw was held and its results are out
}

// Type implements Message.
func (*Welcome) Type() Type { return TypeWelcome }

const (
	flagFinished = 1 << iota
	flagDrawn
)

// Append implements Message.
//
//	stored uint64
//	sum    uint32
//	flags  uint8   1: finished, 2: drawn
func (m *Welcome) Append(dst []byte) ([]byte, error) {
	var flags uint8
	if m.Finished {
		flags |= flagFinished
	}
	if m.Drawn {
		flags |= flagDrawn
	}
	return append(be.AppendUint32(be.AppendUint64(dst, uint64(m.Stored)), m.Sum), flags), nil
}

// Decode implements Message.
func (m *Welcome) Decode(payload []byte) error {
	d := newDecoder(payload)
	*m = Welcome{Stored: lottery.Offset(d.uint64()), Sum: d.uint32()}
	flags := d.uint8()
	if flags&^(flagFinished|flagDrawn) != 0 {
		d.fail("unknown flags %#x", flags)
	}
	m.Finished = flags&flagFinished != 0
	m.Drawn = flags&flagDrawn != 0
	return d.end(TypeWelcome)
}

// Ack says how many bets of the agency are stored, durably, so far. It answers
// every batch that ends there or before.
type Ack struct {
	Stored lottery.Offset
}

// Type implements Message.
func (*Ack) Type() Type { return TypeAck }

// Append implements Message.
//
//	stored uint64
func (m *Ack) Append(dst []byte) ([]byte, error) { return be.AppendUint64(dst, uint64(m.Stored)), nil }

// Decode implements Message.
func (m *Ack) Decode(payload []byte) error {
	d := newDecoder(payload)
	*m = Ack{Stored: lottery.Offset(d.uint64())}
	return d.end(TypeAck)
}

// Finished notifies the central that the agency has no more bets.
type Finished struct {
	Total lottery.Offset // how many bets the agency has sent in all
}

// Type implements Message.
func (*Finished) Type() Type { return TypeFinished }

// Append implements Message.
//
//	total uint64
func (m *Finished) Append(dst []byte) ([]byte, error) {
	return be.AppendUint64(dst, uint64(m.Total)), nil
}

// Decode implements Message.
func (m *Finished) Decode(payload []byte) error {
	d := newDecoder(payload)
	*m = Finished{Total: lottery.Offset(d.uint64())}
	return d.end(TypeFinished)
}

// Registered answers a Finished: the notification is durable.
type Registered struct{}

// Type implements Message.
func (*Registered) Type() Type { return TypeRegistered }

// Append implements Message. The payload is empty.
func (*Registered) Append(dst []byte) ([]byte, error) { return dst, nil }

// Decode implements Message.
func (*Registered) Decode(payload []byte) error {
	d := newDecoder(payload)
	return d.end(TypeRegistered)
}

// Query asks for the agency's winners. The answer comes after the draw.
type Query struct{}

// Type implements Message.
func (*Query) Type() Type { return TypeQuery }

// Append implements Message. The payload is empty.
func (*Query) Append(dst []byte) ([]byte, error) { return dst, nil }

// Decode implements Message.
func (*Query) Decode(payload []byte) error {
	d := newDecoder(payload)
	return d.end(TypeQuery)
}

// Error says why the central ends the connection. The central answers all earlier
// messages before it.
type Error struct {
	Status Status
	Offset lottery.Offset // of a batch that was not stored, its first bet; else 0
	Count  uint16         // of a batch that was not stored, how many bets it holds; else 0
	Text   string         // for a person to read
}

// Type implements Message.
func (*Error) Type() Type { return TypeError }

// Append implements Message.
//
//	status uint8
//	offset uint64
//	count  uint16
//	text   string
func (m *Error) Append(dst []byte) ([]byte, error) {
	dst = append(dst, byte(m.Status))
	dst = be.AppendUint16(be.AppendUint64(dst, uint64(m.Offset)), m.Count)
	return appendString(dst, "text", m.Text)
}

// Decode implements Message.
func (m *Error) Decode(payload []byte) error {
	d := newDecoder(payload)
	*m = Error{Status: Status(d.uint8()), Offset: lottery.Offset(d.uint64()), Count: d.uint16(), Text: d.string()}
	return d.end(TypeError)
}

// Error implements error.
func (m *Error) Error() string { return fmt.Sprintf("%v: %s", m.Status, m.Text) }
