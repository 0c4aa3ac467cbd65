package agency

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/deadline"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/reason"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// withConnection connects to the central, calls do, and closes the connection. When
// ctx ends, the reads of do fail at once, and its writes fail after stopTimeout.
func withConnection(ctx context.Context, id lottery.AgencyID, dial Dial, do func(context.Context, *deadline.Conn) error) error {
	socket, err := dial(ctx)
	if err != nil {
		return &lostError{err}
	}
	c, limited := socket.(*deadline.Conn) // with TLS, the limits are below it
	if !limited {
		c = deadline.NewConn(socket)
	}
	stop := context.AfterFunc(ctx, func() {
		c.Interrupt()
		c.EndWithin(stopTimeout)
	})
	defer stop()
	err = do(ctx, c)
	logClosed("connection", "address", socket.RemoteAddr().String(), id, c.Close())
	return err
}

// greet sends HELLO and receives WELCOME. It returns the reader of the frames that
// follow, and the WELCOME.
func greet(c *deadline.Conn, id lottery.AgencyID) (*protocol.Reader, protocol.Welcome, error) {
	var welcome protocol.Welcome
	if err := sendMessage(c, &protocol.Hello{Version: protocol.Version, Agency: id}); err != nil {
		return nil, welcome, err
	}
	c.ArmRead(replyTimeout)
	stream := bufio.NewReaderSize(c, protocol.ReadSize)
	frames := protocol.NewReader(stream)
	err := receiveMessage(frames, &welcome)
	if errors.Is(err, protocol.ErrMalformed) {
		if other := otherProtocol(stream); other != "" {
			err = fmt.Errorf("the server at %v speaks %s, not the lottery's protocol", c.RemoteAddr(), other)
		}
	}
	return frames, welcome, err
}

// otherProtocol returns the name of the protocol that a stream begins with: HTTP, TLS,
// or "" for any other.
func otherProtocol(stream *bufio.Reader) string {
	start, _ := stream.Peek(4)
	switch {
	case bytes.HasPrefix(start, []byte("HTTP")):
		return "HTTP"
	case bytes.HasPrefix(start, []byte{0x15, 3}), bytes.HasPrefix(start, []byte{0x16, 3}): // an alert or a handshake
		return "TLS"
	}
	return ""
}

// sendMessage writes one message.
func sendMessage(c *deadline.Conn, m protocol.Message) error {
	frame, err := protocol.AppendFrame(nil, m)
	if err != nil {
		return err
	}
	if _, err := c.Write(frame); err != nil {
		return lost("send %v: %w", m.Type(), reason.Of(err))
	}
	return nil
}

// receiveMessage reads the next frame into a message. The frame must have the message's
// type. An ERROR frame becomes the error, a *protocol.Error.
func receiveMessage(frames *protocol.Reader, m protocol.Message) error {
	kind, payload, err := nextFrame(frames)
	switch {
	case err != nil:
		return err
	case kind != m.Type():
		return fmt.Errorf("the central sent %v, expected %v", kind, m.Type())
	}
	return m.Decode(payload)
}

// nextFrame reads the next frame. An ERROR frame becomes the error, a
// *protocol.Error.
func nextFrame(frames *protocol.Reader) (protocol.Type, []byte, error) {
	kind, payload, err := frames.Next()
	switch {
	case errors.Is(err, protocol.ErrMalformed):
		return 0, nil, err
	case err != nil:
		return 0, nil, lost("read a reply: %w", reason.Of(err))
	case kind == protocol.TypeError:
		refusal := new(protocol.Error)
		if err := refusal.Decode(payload); err != nil {
			return 0, nil, err
		}
		return 0, nil, refusal
	}
	return kind, payload, nil
}
