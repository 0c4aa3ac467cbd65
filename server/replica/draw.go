package replica

import (
	"context"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/retry"
)

// hold holds the draw when all agencies have finished: it appends one until some
// central's is folded, then it waits for the publish delay and releases the results.
// Every central does so, and the first draw counts.
func (c *Central) hold(ctx context.Context) {
	select {
	case <-c.complete:
	case <-c.drawn:
	case <-ctx.Done():
		return
	}
	c.mu.Lock()
	draw := c.fold.NextDraw(c.options.Agencies, c.id)
	c.mu.Unlock()
	if c.repeat(ctx, draw, c.drawn, nil) != nil {
		return
	}
	c.mu.Lock()
	before := c.drawnBy == Before
	c.mu.Unlock()
	if !before && retry.Pause(ctx, c.options.PublishDelay) != nil {
		return
	}
	close(c.released)
}
