package tcp

import (
	"fmt"
	"unicode/utf8"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// refusal is the ERROR that tells a peer why its connection ends.
func refusal(status protocol.Status, reason error) *protocol.Error {
	return &protocol.Error{Status: status, Text: clip(reason.Error())}
}

// violation is the ERROR for a peer that broke the protocol.
func violation(format string, args ...any) *protocol.Error {
	return refusal(protocol.StatusViolation, fmt.Errorf(format, args...))
}

// clip shortens a text to what a string of the protocol holds.
func clip(text string) string {
	if len(text) <= protocol.MaxString {
		return text
	}
	end := protocol.MaxString
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
