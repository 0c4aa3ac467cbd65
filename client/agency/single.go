package agency

import (
	"context"
	"fmt"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/deadline"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// single sends one bet.
type single struct {
	id  uint32
	bet protocol.Bet

	// The bet's offset, kept over connections: so the central knows the bet
	// again if only the acknowledgement was lost.
	offset uint64
	placed bool
}

func (s *single) attempt(_ context.Context, c *deadline.Conn, _ *patience) error {
	frames := protocol.NewReader(c)
	welcome, err := greet(c, frames, s.id)
	if err != nil {
		return err
	}
	if !s.placed {
		s.offset, s.placed = welcome.Stored, true
	}
	if err := send(c, &protocol.Single{Offset: s.offset, Bet: s.bet}); err != nil {
		return err
	}
	c.ArmRead(replyTimeout)
	var ack protocol.Ack
	if err := receive(frames, &ack); err != nil {
		return err
	}
	if ack.Stored <= s.offset {
		return fmt.Errorf("the central acknowledged %d bets where %d are due", ack.Stored, s.offset+1)
	}
	logBetSent(s.bet.Document, s.bet.Number)
	return nil
}
