package tcp

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// refusal is the ERROR that tells a peer why its connection ends.
func refusal(status protocol.Status, reason error) *protocol.Error {
	return &protocol.Error{Status: status, Text: clip(reason.Error())}
}

// violation is the ERROR for a peer that broke the protocol.
func violation(format string, args ...any) *protocol.Error {
	return refusal(protocol.StatusViolation, fmt.Errorf(format, args...))
}

// storageFailure is why the store failed, wrapped around the ERROR that tells the
// peer so. The reason names files of the server: it is for the log alone.
type storageFailure struct {
	refusal *protocol.Error
	reason  error
}

func storageFailed(reason error) error {
	return &storageFailure{refusal(protocol.StatusStorageFailed, errors.New("the server's log says why")), reason}
}

func (f *storageFailure) Error() string {
	return fmt.Sprintf("%v: %v", f.refusal.Status, f.reason)
}

func (f *storageFailure) Unwrap() []error { return []error{f.refusal, f.reason} }

// storeFailure is what ends a session when the central could not store something.
// The peer is told, unless something may still be stored.
func storeFailure(err error) error {
	switch {
	case errors.Is(err, central.ErrUnknown):
		return err
	case errors.Is(err, central.ErrSuperseded):
		return refusal(protocol.StatusSuperseded, err)
	}
	return storageFailed(err)
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
