package tcp

import (
	"context"
	"fmt"
	"net"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/reason"
)

// Listen returns a listener on all interfaces whose queue of connections that
// wait to be accepted has the given length, where the system lets it be set. Port
// 0 means any that is free.
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
