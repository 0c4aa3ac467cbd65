package protocol

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

func unhex(t testing.TB, digits string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var (
	ana  = lottery.Bet{FirstName: "Ana", LastName: "Ríos", Document: "00123456", Birthdate: lottery.Date{Year: 1999, Month: 3, Day: 17}, Number: 7574}
	luis = lottery.Bet{FirstName: "Luis", LastName: "Paz", Document: "30904465", Birthdate: lottery.Date{Year: 1984, Month: 2, Day: 29}, Number: 12}
)

const (
	anaHex  = "03416e61 0552c3ad6f73 083030313233343536 07cf 03 11 0000000000001d96"
	luisHex = "044c756973 0350617a 083330393034343635 07c0 02 1d 000000000000000c"
)

// frames are all messages and their exact bytes.
var frames = []struct {
	name    string
	message Message
	frame   string
}{
	{"hello", &Hello{Version: 1, Agency: 5}, "00000006 01 01 00000005"},
	{"hello of the last agency", &Hello{Version: 1, Agency: math.MaxUint32}, "00000006 01 01 ffffffff"},
	{"welcome of an agency without bets", &Welcome{}, "0000000e 81 0000000000000000 00000000 00"},
	{"welcome, stored", &Welcome{Stored: 0x0102030405060708, Sum: 0xa1b2c3d4}, "0000000e 81 0102030405060708 a1b2c3d4 00"},
	{"welcome, finished", &Welcome{Stored: 1, Sum: 2, Finished: true}, "0000000e 81 0000000000000001 00000002 01"},
	{"welcome, drawn", &Welcome{Drawn: true}, "0000000e 81 0000000000000000 00000000 02"},
	{"welcome, both", &Welcome{Finished: true, Drawn: true}, "0000000e 81 0000000000000000 00000000 03"},
	{"batch of one", &Batch{Offset: 1 << 40, Bets: []lottery.Bet{ana}}, "0000002a 02 0000010000000000 0001" + anaHex},
	{"batch of two", &Batch{Bets: []lottery.Bet{ana, luis}}, "00000048 02 0000000000000000 0002" + anaHex + luisHex},
	{
		"batch of an empty bet", &Batch{Offset: math.MaxUint64, Bets: []lottery.Bet{{}}},
		"0000001a 02 ffffffffffffffff 0001 00 00 00 0000 00 00 0000000000000000",
	},
	{
		"bet of extremes",
		&Single{Offset: 7, Bet: lottery.Bet{FirstName: "a,b", LastName: `"`, Document: "世", Birthdate: lottery.Date{Year: 0xffff, Month: 0xff, Day: 0xfe}, Number: math.MinInt64}},
		"0000001f 03 0000000000000007 03612c62 0122 03e4b896 ffff ff fe 8000000000000000",
	},
	{"bet", &Single{Offset: 2, Bet: luis}, "00000027 03 0000000000000002" + luisHex},
	{"bet on a negative number", &Single{Bet: lottery.Bet{Number: -1}}, "00000018 03 0000000000000000 00 00 00 0000 00 00 ffffffffffffffff"},
	{"ack", &Ack{Stored: 78697}, "00000009 82 0000000000013369"},
	{"finished", &Finished{Total: 26936}, "00000009 04 0000000000006938"},
	{"registered", &Registered{}, "00000001 83"},
	{"query", &Query{}, "00000001 05"},
	{"no winners", &Winners{}, "00000004 84 00 0000"},
	{"one winner", &Winners{Documents: []string{"007"}}, "00000008 84 00 0001 03303037"},
	{"more winners", &Winners{More: true, Documents: []string{"", "1"}}, "00000007 84 01 0002 00 0131"},
	{"error", &Error{Status: StatusBusy, Text: "no"}, "0000000f 8f 03 0000000000000000 0000 026e6f"},
	{"refused batch", &Error{Status: StatusInvalidBet, Offset: 9, Count: 0xabcd}, "0000000d 8f 40 0000000000000009 abcd 00"},
}

func TestMessageBytes(t *testing.T) {
	known := map[Type]bool{}
	for _, tt := range frames {
		known[tt.message.Type()] = true
		t.Run(tt.name, func(t *testing.T) {
			checkExample(t, example{
				where:   tt.name,
				central: tt.message.Type() >= 0x80,
				message: tt.message,
				frame:   unhex(t, tt.frame),
			})
		})
	}
	if len(known) != len(messages) {
		t.Errorf("%d of %d messages are tested", len(known), len(messages))
	}
}

// TestDecodeOverwrites decodes into messages that held something else.
func TestDecodeOverwrites(t *testing.T) {
	for _, tt := range frames {
		_, payload, err := readOne(unhex(t, tt.frame))
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range frames {
			if other.message.Type() != tt.message.Type() {
				continue
			}
			_, first, err := readOne(unhex(t, other.frame))
			if err != nil {
				t.Fatal(err)
			}
			m := messages[tt.message.Type()]()
			if err := errors.Join(m.Decode(first), m.Decode(payload)); err != nil {
				t.Fatal(err)
			}
			if !same(m, tt.message) {
				t.Errorf("%s after %s: got %+v", tt.name, other.name, m)
			}
		}
	}
}

// TestDecodeKeepsNothing overwrites a payload after it was decoded.
func TestDecodeKeepsNothing(t *testing.T) {
	for _, tt := range frames {
		_, payload, err := readOne(unhex(t, tt.frame))
		if err != nil {
			t.Fatal(err)
		}
		m := messages[tt.message.Type()]()
		if err := m.Decode(payload); err != nil {
			t.Fatal(err)
		}
		clear(payload)
		if !same(m, tt.message) {
			t.Errorf("%s: got %+v", tt.name, m)
		}
	}
}

// TestDecodeOtherLengths cuts every payload at every byte and makes it longer.
func TestDecodeOtherLengths(t *testing.T) {
	for _, tt := range frames {
		_, payload, err := readOne(unhex(t, tt.frame))
		if err != nil {
			t.Fatal(err)
		}
		longer := append(bytes.Clone(payload), 0)
		for n := range len(longer) + 1 {
			err := messages[tt.message.Type()]().Decode(longer[:n])
			if n == len(payload) && err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			if n != len(payload) && !errors.Is(err, ErrMalformed) {
				t.Errorf("%s, %d bytes of %d: got %v, want ErrMalformed", tt.name, n, len(payload), err)
			}
		}
	}
}

// TestHelloOfAnotherVersion has a payload of unknown form.
func TestHelloOfAnotherVersion(t *testing.T) {
	for _, payload := range []string{"\x02", "\x00\x00\x00\x00\x01", "\xffwhatever follows"} {
		hello := Hello{Agency: 4}
		if err := hello.Decode([]byte(payload)); err != nil || hello != (Hello{Version: payload[0]}) {
			t.Errorf("%q: got %+v, %v", payload, hello, err)
		}
	}
}

// TestStringLengths encodes every string of the protocol at its longest, and
// one byte longer.
func TestStringLengths(t *testing.T) {
	withString := map[string]func(string) Message{
		"first name": func(s string) Message { return &Batch{Bets: []lottery.Bet{{}, {FirstName: s}}} },
		"last name":  func(s string) Message { return &Single{Bet: lottery.Bet{LastName: s}} },
		"document":   func(s string) Message { return &Single{Bet: lottery.Bet{Document: s}} },
		"winner":     func(s string) Message { return &Winners{Documents: []string{"1", s}} },
		"text":       func(s string) Message { return &Error{Text: s} },
	}
	longest := strings.Repeat("ñ", 127) + "a"
	for name, with := range withString {
		t.Run(name, func(t *testing.T) {
			frame, err := AppendFrame(nil, with(longest))
			if err != nil {
				t.Fatal(err)
			}
			checkExample(t, example{where: name, central: frame[4] >= 0x80, message: with(longest), frame: frame})
			before := []byte("before")
			if after, err := AppendFrame(before, with(longest+"b")); !errors.Is(err, ErrTooLong) || string(after) != "before" {
				t.Errorf("256 bytes: got %q, %v, want ErrTooLong", after, err)
			}
		})
	}
}

func TestAppendFrameAppends(t *testing.T) {
	frame, err := AppendFrame([]byte{0xaa}, &Ack{Stored: 1})
	if want := unhex(t, "aa 00000009 82 0000000000000001"); err != nil || !bytes.Equal(frame, want) {
		t.Errorf("got %x, %v, want %x", frame, err, want)
	}
}

func TestChecksum(t *testing.T) {
	if sum := Checksum(0, []byte("123456789")); sum != 0xe3069283 {
		t.Errorf("got %08x, want the check value of CRC-32C", sum)
	}
	if sum := Checksum(Checksum(0, []byte("1234")), []byte("56789")); sum != 0xe3069283 {
		t.Errorf("in two parts: got %08x", sum)
	}
	if sum := Checksum(0, nil); sum != 0 {
		t.Errorf("of nothing: got %08x", sum)
	}
}
