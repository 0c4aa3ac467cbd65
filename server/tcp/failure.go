package tcp

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// protocolError is the ERROR that tells a peer why its connection ends.
func protocolError(status protocol.Status, reason error) *protocol.Error {
	return &protocol.Error{Status: status, Text: clip(reason.Error())}
}

// violation is the ERROR for a peer that broke the protocol.
func violation(format string, args ...any) *protocol.Error {
	return protocolError(protocol.StatusViolation, fmt.Errorf(format, args...))
}

// storageFailure is a failure of the storage. The peer is sent message, which does
// not name the cause: that names files of the server, and is for the log alone.
type storageFailure struct {
	message *protocol.Error
	cause   error
}

func storageFailed(cause error) error {
	return &storageFailure{protocolError(protocol.StatusStorageFailed, errors.New("the server's log says why")), cause}
}

func (f *storageFailure) Error() string {
	return fmt.Sprintf("%v: %v", f.message.Status, f.cause)
}

func (f *storageFailure) Unwrap() []error { return []error{f.message, f.cause} }

// centralFailure is the error that ends a session when a call of the central has
// failed. If the outcome is unknown it holds no *protocol.Error, because an ERROR
// would say that nothing was stored.
func centralFailure(err error) error {
	switch {
	case errors.Is(err, central.ErrUnknown):
		return err
	case errors.Is(err, central.ErrSuperseded):
		return protocolError(protocol.StatusSuperseded, err)
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
