package protocol

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"testing"
)

// loteria.lua, the dissector for Wireshark, is tested on captures of what
// PROTOCOL.md and testdata show. The names of what it shows are PROTOCOL.md's.

// segmentations are sizes of segments, which go round in a circle.
var segmentations = [][]int{{1}, {3, 1, 4, 1, 5, 9, 2, 6}, {7, 1000}}

// sent is something that one side sends, with the lines that must be shown of it;
// none if it is cut.
type sent struct {
	central bool
	bytes   []byte
	lines   []string
}

// conversations returns all messages, each with all statuses, that the dissector
// is tested on. The bytes of each conversation make one connection.
func conversations(t *testing.T) (all [][]sent) {
	const vectors = "testdata/accept.txt"
	examples := append(documentExamples(t, readFile(t, document)), parseExamples(t, vectors, readFile(t, vectors))...)
	for status := range math.MaxUint8 + 1 {
		examples = append(examples, exampleOf(t, &Error{Status: Status(status), Text: fmt.Sprint(status)}))
	}
	conversation := []sent{}
	for _, e := range examples {
		next := sent{central: e.central, bytes: e.frame}
		if !e.cut {
			next.lines = expectedLines(t, e.frame, e.message)
		}
		conversation = append(conversation, next)
		if e.cut {
			all = append(all, conversation)
			conversation = nil
		}
	}
	return append(all, conversation)
}

func exampleOf(t *testing.T, m Message) example {
	t.Helper()
	frame, err := AppendFrame(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	return example{central: m.Type()&0x80 != 0, message: m, frame: frame}
}

// record plays a conversation in a connection of its own. What one side sends in
// succession shares segments.
func (c *capture) record(conversation []sent, sizes []int) *connection {
	x := c.connect()
	var run []byte
	for i, s := range conversation {
		run = append(run, s.bytes...)
		if i+1 == len(conversation) || conversation[i+1].central != s.central {
			x.send(s.central, run, sizes)
			run = nil
		}
	}
	x.close()
	return x
}

func TestDissector(t *testing.T) {
	for _, sizes := range segmentations {
		t.Run(fmt.Sprint(sizes), func(t *testing.T) {
			c := newCapture()
			want := map[direction][][]string{}
			for _, conversation := range conversations(t) {
				x := c.record(conversation, sizes)
				for _, s := range conversation {
					if d := x.direction(s.central); s.lines != nil {
						want[d] = append(want[d], s.lines)
					}
				}
			}
			got := dissect(t, c)
			for d, frames := range want {
				checkShown(t, got[d], frames)
			}
			if len(got) != len(want) {
				t.Errorf("%d directions, want %d", len(got), len(want))
			}
		})
	}
}

func checkShown(t *testing.T, got []item, want [][]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d frames, want %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if lines := got[i].lines(t); !slices.Equal(lines, want[i]) || got[i].malformed() != "" {
			t.Errorf("frame %d: got %s\n%q, want\n%q", i, got[i].malformed(), lines, want[i])
		}
	}
}

// A HELLO of another version may have any payload.
func TestDissectorOtherVersion(t *testing.T) {
	c := newCapture()
	x := c.record([]sent{{bytes: unhex(t, "00000005 01 02 00c0ff")}}, []int{1})
	checkShown(t, dissect(t, c)[x.direction(false)], [][]string{{"length: 5", "type: HELLO (0x01)", "version: 2", "payload: 00c0ff"}})
}

// The largest frame takes several segments, and the next starts in its last.
func TestDissectorLargestFrame(t *testing.T) {
	largest := &Winners{}
	for len(largest.Documents) < (maxPayload-1-2)/2 {
		largest.Documents = append(largest.Documents, "7")
	}
	frame := exampleOf(t, largest).frame
	c := newCapture()
	x := c.record([]sent{{true, frame, nil}, {true, exampleOf(t, &Ack{Stored: 1}).frame, nil}}, []int{3, 1460})
	got := dissect(t, c)[x.direction(true)]
	checkShown(t, got, [][]string{expectedLines(t, frame, largest), {"length: 9", "type: ACK (0x82)", "stored: 1"}})
	if len(frame) != MaxFrame {
		t.Errorf("the frame has %d bytes", len(frame))
	}
}

// What breaks the protocol is malformed, and so is all that comes after an invalid
// length. A frame whose end never comes is not shown.
func TestDissectorMalformed(t *testing.T) {
	hello, query := exampleOf(t, &Hello{Version, 1}).frame, exampleOf(t, &Query{}).frame
	want := map[string]*regexp.Regexp{ // of each frame: is it good, or malformed?
		"length":  regexp.MustCompile(`^gm+$`),
		"cut":     regexp.MustCompile(`^g$`),
		"type":    regexp.MustCompile(`^gmg$`),
		"message": regexp.MustCompile(`^gmg$`),
	}
	for _, sizes := range segmentations {
		c := newCapture()
		vectors := map[direction]vector{}
		for _, v := range rejectedVectors(t) {
			conversation := []sent{{bytes: hello}, {bytes: v.stream}, {bytes: query}}
			if v.fails == "cut" {
				conversation = conversation[:2]
			}
			vectors[c.record(conversation, sizes).direction(false)] = v
		}
		got := dissect(t, c)
		for d, v := range vectors {
			frames := ""
			for _, frame := range got[d] {
				if frame.malformed() == "" {
					frames += "g"
				} else {
					frames += "m"
				}
			}
			if !want[v.fails].MatchString(frames) {
				t.Errorf("%s: %s: segments of %v: frames %s, want %v", v.fails, v.why, sizes, frames, want[v.fails])
			}
		}
	}
}

// A direction whose first byte is not 0 carries text, whatever its other bytes; the
// central may refuse an echo with a frame.
func TestDissectorEcho(t *testing.T) {
	busy := &Error{Status: StatusBusy, Text: "no room"}
	c := newCapture()
	echo := c.record([]sent{{bytes: []byte("¿qué\x00?\n")}, {central: true, bytes: []byte("¿qué\x00?\n")}}, []int{6, 1})
	refused := c.record([]sent{{bytes: []byte("hola\n")}, {central: true, bytes: exampleOf(t, busy).frame}}, []int{100})
	got := dissect(t, c)
	for _, central := range []bool{false, true} {
		checkShown(t, got[echo.direction(central)], [][]string{{"echo: ¿qué"}, {"echo: \x00"}, {"echo: ?\n"}})
	}
	checkShown(t, got[refused.direction(false)], [][]string{{"echo: hola\n"}})
	checkShown(t, got[refused.direction(true)], [][]string{expectedLines(t, exampleOf(t, busy).frame, busy)})
}

// The column Info sums a packet's frames up.
func TestDissectorInfo(t *testing.T) {
	const want = `
HELLO version=1 agency=3
WELCOME stored=0 sum=0 flags=0
BATCH offset=0 count=2
ACK stored=2
BATCH offset=2 count=1
ACK stored=3
HELLO version=1 agency=3
WELCOME stored=3 sum=2462885618 flags=0
BATCH offset=3 count=1, FINISHED total=4, QUERY
ACK stored=4, REGISTERED, WINNERS more=0 count=2
BATCH offset=2 count=2
ACK stored=4, ERROR server busy offset=0 count=0
BATCH offset=0 [malformed: count: 2 bytes are missing]
echo hola
`
	c := newCapture()
	var conversation []sent
	for _, e := range documentExamples(t, section(t, exchangeHeading)) {
		if e.cut {
			c.record(conversation, []int{MaxFrame})
			conversation = nil
			continue
		}
		conversation = append(conversation, sent{central: e.central, bytes: e.frame})
	}
	c.record(append(conversation,
		sent{central: true, bytes: exampleOf(t, &Error{Status: StatusBusy}).frame},
		sent{bytes: unhex(t, "00000009 02 0000000000000000")}), []int{MaxFrame})
	c.record([]sent{{bytes: []byte("hola\n")}}, []int{MaxFrame})
	got := string(tshark(t, c.file, "-n", "-r", "-", "-Y", "loteria", "-o", `gui.column.format:"Info","%i"`))
	if trimmed := regexp.MustCompile(` *\n`).ReplaceAllString("\n"+got, "\n"); trimmed != want {
		t.Errorf("got%swant%s", trimmed, want)
	}
}
