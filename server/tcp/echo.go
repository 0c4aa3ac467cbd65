package tcp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/reason"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// maxEcho is the longest message that is sent back, in bytes.
const maxEcho = protocol.MaxFrame

// echo reads one line, or up to the end of the stream, and sends it back.
func (s *Server) echo(ctx context.Context, c *conn) {
	message, err := bufio.NewReader(io.LimitReader(c.stream, maxEcho+1)).ReadBytes('\n')
	switch {
	case len(message) > maxEcho:
		err = fmt.Errorf("message of more than %d bytes", maxEcho)
	case err == nil:
	case errors.Is(err, io.EOF):
		err = nil // no line end: the message ends where the stream ends
	default:
		err = cause(ctx, reason.Of(err))
	}
	if errors.Is(err, errStopping) {
		return // the server cut it off: that is no failure
	}
	if err != nil {
		logEchoFailed(c.ip, err)
		return
	}
	logEcho(c.ip, strings.TrimRight(string(message), " \t\r\n\v\f"))
	if _, err := c.Write(message); err != nil {
		logEchoFailed(c.ip, reason.Of(err))
		return
	}
	c.Drain(drainTimeout)
}
