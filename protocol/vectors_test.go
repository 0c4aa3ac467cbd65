package protocol

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestAcceptedVectors(t *testing.T) {
	const name = "testdata/accept.txt"
	examples := parseExamples(t, name, readFile(t, name))
	if len(examples) == 0 {
		t.Fatal("no vectors")
	}
	for _, e := range examples {
		checkExample(t, e)
	}
}

// vector is a stream that must fail.
type vector struct {
	fails, why string
	stream     []byte
}

func rejectedVectors(t testing.TB) (vectors []vector) {
	t.Helper()
	var next vector
	lines := bufio.NewScanner(strings.NewReader(readFile(t, "testdata/reject.txt")))
	for lines.Scan() {
		line := lines.Text()
		fails, why, starts := strings.Cut(line, ": ")
		switch {
		case line == "", strings.HasPrefix(line, "#"):
		case starts:
			next = vector{fails: fails, why: why}
		default:
			next.stream = unhex(t, line)
			vectors = append(vectors, next)
		}
	}
	if len(vectors) == 0 {
		t.Fatal("no vectors")
	}
	return vectors
}

func TestRejectedVectors(t *testing.T) {
	for _, v := range rejectedVectors(t) {
		t.Run(v.fails+": "+v.why, func(t *testing.T) {
			frames := NewReader(strings.NewReader(string(v.stream)))
			kind, payload, err := frames.Next()
			if v.fails == "length" || v.fails == "cut" {
				want := map[string]error{"length": ErrMalformed, "cut": io.ErrUnexpectedEOF}[v.fails]
				if !errors.Is(err, want) {
					t.Errorf("got %v %x, %v, want %v", kind, payload, err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			switch make := messages[kind]; {
			case v.fails == "type" && make != nil:
				t.Errorf("%v is a type", kind)
			case v.fails == "message":
				if err := make().Decode(payload); !errors.Is(err, ErrMalformed) {
					t.Errorf("got %v, want ErrMalformed", err)
				}
			case v.fails != "type":
				t.Errorf("%q is no way to fail", v.fails)
			}
			if _, _, err := frames.Next(); err != io.EOF {
				t.Errorf("more than one frame: %v", err)
			}
		})
	}
}
