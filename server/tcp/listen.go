package tcp

import (
	"context"
	"fmt"
	"net"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/reason"
)

// Listen returns a listener on all interfaces. backlog is the length of its queue of
// connections that wait to be accepted; some systems do not let it be set. Port 0
// means any free port.
func Listen(ctx context.Context, port, backlog int) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		return nil, reason.Of(err)
	}
	if err := setBacklog(listener, backlog); err != nil {
		listener.Close()
		return nil, fmt.Errorf("set the backlog: %w", err)
	}
	return listener, nil
}
