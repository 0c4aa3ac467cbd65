package tcp

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

func TestErrorFitsItsFrame(t *testing.T) {
	for _, tt := range []struct {
		text string
		want int
	}{
		{"short", 5},
		{strings.Repeat("x", 255), 255},
		{strings.Repeat("x", 256), 255},
		{strings.Repeat("x", 254) + "ñ", 254},
		{strings.Repeat("李", 100), 255},
		{strings.Repeat("🎲", 100), 252},
	} {
		got := protocolError(protocol.StatusClosed, errors.New(tt.text)).Text
		if len(got) != tt.want || !utf8.ValidString(got) || !strings.HasPrefix(tt.text, got) {
			t.Errorf("%.20q…: %d bytes, want %d", tt.text, len(got), tt.want)
		}
		frames(t, protocolError(protocol.StatusClosed, errors.New(tt.text)))
	}
}
