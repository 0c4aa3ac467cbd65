package protocol

import "fmt"

// Type says what message a frame carries. Those of the central have the high
// bit set.
type Type uint8

// The types of the messages. The comment of a message's Append shows its payload.
const (
	TypeHello    Type = 0x01
	TypeBatch    Type = 0x02
	TypeBet      Type = 0x03
	TypeFinished Type = 0x04
	TypeQuery    Type = 0x05

	TypeWelcome    Type = 0x81
	TypeAck        Type = 0x82
	TypeRegistered Type = 0x83
	TypeWinners    Type = 0x84
	TypeError      Type = 0x8f
)

var typeNames = map[Type]string{
	TypeHello:      "HELLO",
	TypeBatch:      "BATCH",
	TypeBet:        "BET",
	TypeFinished:   "FINISHED",
	TypeQuery:      "QUERY",
	TypeWelcome:    "WELCOME",
	TypeAck:        "ACK",
	TypeRegistered: "REGISTERED",
	TypeWinners:    "WINNERS",
	TypeError:      "ERROR",
}

// String names the message as PROTOCOL.md does.
func (t Type) String() string {
	if name, ok := typeNames[t]; ok {
		return name
	}
	return fmt.Sprintf("type %#02x", uint8(t))
}
