package protocol

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// readWinners reads the frames of an answer.
func readWinners(t *testing.T, stream []byte) (answer []Winners) {
	t.Helper()
	frames := NewReader(bytes.NewReader(stream))
	for {
		kind, payload, err := frames.Next()
		if err == io.EOF {
			return answer
		}
		var m Winners
		if err != nil || kind != TypeWinners {
			t.Fatalf("got %v, %v", kind, err)
		}
		if err := m.Decode(payload); err != nil {
			t.Fatal(err)
		}
		answer = append(answer, m)
	}
}

func TestAppendWinners(t *testing.T) {
	repeat := func(n, size int) []string {
		documents := make([]string, n)
		for i := range documents {
			documents[i] = fmt.Sprintf("%0*d", size, i)
			documents[i] = documents[i][len(documents[i])-size:]
		}
		return documents
	}
	mixed := repeat(3000, 8)
	for i := range mixed {
		mixed[i] = strings.Repeat("9", i%256)
	}
	for _, tt := range []struct {
		name      string
		documents []string
		frames    int
	}{
		{"none", nil, 1},
		{"one", []string{"00123456"}, 1},
		{"one that is empty", []string{""}, 1},
		{"5,000", repeat(5000, 8), 6}, // 888 of 9 bytes in 7,992
		{"longest", repeat(100, 255), 4},
		{"a full frame of the longest", repeat(31, 255), 1},
		{"one too many of the longest", repeat(32, 255), 2},
		{"a full frame to the byte", repeat(999, 7), 1},
		{"one too many for a frame that is full to the byte", repeat(1000, 7), 2},
		{"empty ones", repeat(7992*2, 0), 2},
		{"of all lengths", mixed, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stream, err := AppendWinners([]byte("before"), tt.documents)
			stream, found := bytes.CutPrefix(stream, []byte("before"))
			if err != nil || !found {
				t.Fatalf("got %q, %v", stream, err)
			}
			answer := readWinners(t, stream) // which knows the limit
			if tt.frames > 0 && len(answer) != tt.frames {
				t.Errorf("%d frames, want %d", len(answer), tt.frames)
			}
			var documents []string
			for i, m := range answer {
				documents = append(documents, m.Documents...)
				if last := i == len(answer)-1; m.More == last {
					t.Errorf("frame %d of %d: more is %v", i+1, len(answer), m.More)
				}
				if m.More && len(m.Documents) == 0 {
					t.Errorf("frame %d is empty", i+1)
				}
			}
			if !slices.Equal(documents, tt.documents) {
				t.Errorf("got %d documents, want %d", len(documents), len(tt.documents))
			}
		})
	}
}

func TestAppendWinnersTooLong(t *testing.T) {
	for _, documents := range [][]string{
		{strings.Repeat("1", 256)},
		{"1", strings.Repeat("1", 256), "2"},
		{strings.Repeat("1", 9000)},
		{"1", strings.Repeat("1", 9000)},
	} {
		if _, err := AppendWinners(nil, documents); !errors.Is(err, ErrTooLong) {
			t.Errorf("%d documents: got %v, want ErrTooLong", len(documents), err)
		}
	}
}
