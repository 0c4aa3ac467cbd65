package protocol

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// example is a message as PROTOCOL.md and testdata/accept.txt write it: a line
//
//	AGENCY: ACK {"stored": 2}
//
// with who sends it, its name and its fields, which may go on over further
// lines, and then its frame in hexadecimal, up to an empty line.
type example struct {
	where   string
	central bool // sends it
	cut     bool // the frame is only the beginning of one
	message Message
	frame   []byte
}

var (
	exampleStart = regexp.MustCompile(`^(AGENCY|CENTRAL)(, CUT)?: ([A-Z]+) (\{.*)$`)
	wireBlock    = regexp.MustCompile("(?s)```wire\n(.*?)```")
)

// messages makes an empty message of each type.
var messages = map[Type]func() Message{
	TypeHello:      func() Message { return new(Hello) },
	TypeBatch:      func() Message { return new(Batch) },
	TypeBet:        func() Message { return new(Single) },
	TypeFinished:   func() Message { return new(Finished) },
	TypeQuery:      func() Message { return new(Query) },
	TypeWelcome:    func() Message { return new(Welcome) },
	TypeAck:        func() Message { return new(Ack) },
	TypeRegistered: func() Message { return new(Registered) },
	TypeWinners:    func() Message { return new(Winners) },
	TypeError:      func() Message { return new(Error) },
}

func newMessage(name string) Message {
	for kind, make := range messages {
		if kind.String() == name {
			return make()
		}
	}
	return nil
}

func readFile(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// parseExamples reads the examples of a text. Lines that begin with a # are
// comments.
func parseExamples(t testing.TB, where, text string) []example {
	t.Helper()
	var examples []example
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		var fields, digits string
		var e example
		for line := range strings.SplitSeq(paragraph, "\n") {
			start := exampleStart.FindStringSubmatch(line)
			switch {
			case strings.HasPrefix(line, "#"):
			case start != nil:
				e.where = fmt.Sprintf("%s: %s", where, line)
				e.central, e.cut = start[1] == "CENTRAL", start[2] != ""
				e.message, fields = newMessage(start[3]), start[4]
			case strings.HasPrefix(line, " "):
				fields += line
			default:
				digits += strings.ReplaceAll(line, " ", "")
			}
		}
		if e.message == nil && fields == "" && digits == "" {
			continue // nothing but comments
		}
		if e.message == nil {
			t.Fatalf("%s: no example: %s", where, paragraph)
		}
		decoder := json.NewDecoder(strings.NewReader(fields))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(e.message); err != nil {
			t.Fatalf("%s: %v", e.where, err)
		}
		var err error
		if e.frame, err = hex.DecodeString(digits); err != nil {
			t.Fatalf("%s: %v", e.where, err)
		}
		examples = append(examples, e)
	}
	return examples
}

// documentExamples reads those of a part of PROTOCOL.md.
func documentExamples(t testing.TB, text string) []example {
	t.Helper()
	var examples []example
	for _, block := range wireBlock.FindAllStringSubmatch(text, -1) {
		examples = append(examples, parseExamples(t, "PROTOCOL.md", block[1])...)
	}
	return examples
}

// readOne reads the only frame of a stream.
func readOne(frame []byte) (Type, []byte, error) {
	return NewReader(bytes.NewReader(frame)).Next()
}

// checkExample decodes the frame to the message and encodes that to the frame.
func checkExample(t *testing.T, e example) {
	t.Helper()
	if central := e.message.Type()&0x80 != 0; central != e.central {
		t.Errorf("%s: the wrong side sends it", e.where)
	}
	encoded, err := AppendFrame(nil, e.message)
	if err != nil {
		t.Fatalf("%s: %v", e.where, err)
	}
	if e.cut {
		if len(e.frame) == 0 || len(e.frame) >= len(encoded) || !bytes.HasPrefix(encoded, e.frame) {
			t.Errorf("%s: not cut off the frame %x", e.where, encoded)
		}
		return
	}
	if !bytes.Equal(encoded, e.frame) {
		t.Errorf("%s:\n got %x\nwant %x", e.where, encoded, e.frame)
	}
	kind, payload, err := readOne(e.frame)
	if err != nil || kind != e.message.Type() {
		t.Fatalf("%s: read a frame: %v, %v", e.where, kind, err)
	}
	got := messages[kind]()
	if err := got.Decode(payload); err != nil {
		t.Fatalf("%s: %v", e.where, err)
	}
	if !same(got, e.message) {
		t.Errorf("%s:\n got %+v\nwant %+v", e.where, got, e.message)
	}
}

// same compares messages, of which no documents are as good as nil. It compares
// bets, not their records.
func same(a, b Message) bool {
	a, b = withoutRecords(a), withoutRecords(b)
	if w, ok := a.(*Winners); ok && len(w.Documents) == 0 {
		v, ok := b.(*Winners)
		return ok && w.More == v.More && len(v.Documents) == 0
	}
	return reflect.DeepEqual(a, b)
}

func withoutRecords(m Message) Message {
	switch m := m.(type) {
	case *Batch:
		return &Batch{Offset: m.Offset, Bets: m.Bets}
	case *Single:
		return &Single{Offset: m.Offset, Bet: m.Bet}
	}
	return m
}
