package replica

import (
	"slices"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// An entry has at most so many bytes of blocks, and its header fits one of NATS (64 KiB),
// whatever the documents of the winners are. A batch of the largest frame always fits an
// empty group.
func TestGroupLimits(t *testing.T) {
	const batchBytes = 8000
	for _, tt := range []struct {
		name    string
		winners []string // of each segment
		length  int
	}{
		{"large batches", nil, 8 << 10},
		{"small batches", nil, 1},
		{"documents that are escaped", []string{strings.Repeat("\x01", batchBytes)}, batchBytes},
		{"many short documents", strings.Split(strings.Repeat("1,", 532), ","), batchBytes},
		{"quotes", strings.Split(strings.Repeat(`"`, 531), ""), batchBytes},
		{"letters that are no ASCII", []string{strings.Repeat("ñ", batchBytes/2)}, batchBytes},
		{"letters that are not printed", []string{strings.Repeat("\u200b", batchBytes/3), strings.Repeat("\U000e0001", 10)}, batchBytes},
	} {
		g := new(group)
		block := make([]byte, tt.length)
		for n := lottery.Offset(0); ; n++ {
			s := Segment{Agency: 1<<32 - 1, Session: 1<<64 - 1, Offset: 1<<63 + n, Count: 1000, Sum: 1<<32 - 1, Length: tt.length, Winners: tt.winners}
			if !g.fits(&s) {
				break
			}
			g.add(&session{}, s, block)
		}
		size := 0
		for _, line := range Header(g.entry("a")) {
			size += len("Loteria: ") + len(line) + len("\r\n")
		}
		if len(g.segments) == 0 || len(g.body) > MaxBody || size > 1<<16-100 {
			t.Errorf("%s: %d segments, %d bytes of blocks, a header of %d bytes", tt.name, len(g.segments), len(g.body), size)
		}
	}
}

// Batches of one session that follow one another become one segment.
func TestGroupJoins(t *testing.T) {
	g, one, other := new(group), &session{}, &session{}
	add := func(owner *session, at lottery.Offset, winner string) {
		g.add(owner, Segment{Agency: 1, Offset: at, Count: 2, Sum: uint32(at), Length: 3, Winners: []string{winner}}, []byte("abc"))
	}
	add(one, 0, "a")
	add(one, 2, "b")
	add(other, 0, "c")
	add(one, 4, "d")
	want := []string{`1 0 0 4 00000002 6 "a" "b"`, `1 0 0 2 00000000 3 "c"`, `1 0 4 2 00000004 3 "d"`}
	if got := Header(g.entry("x"))[1:4]; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if string(g.body) != "abcabcabcabc" {
		t.Errorf("body %q", g.body)
	}
}
