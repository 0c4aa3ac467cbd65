package agency

import (
	"context"
	"errors"
	"fmt"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/deadline"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/retry"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// errUnknown means that other bets of the agency were stored between two connections.
var errUnknown = errors.New("it is unknown whether the bet is stored: other bets of this agency were stored meanwhile")

// single sends one bet. attempt is called once for each connection.
type single struct {
	bet    lottery.Bet
	record []byte

	first *protocol.Welcome // the first WELCOME; nil until it arrives
}

func (s *single) attempt(_ context.Context, c *deadline.Conn, _ *retry.Loop) error {
	frames, welcome, err := greet(c, s.bet.Agency)
	if err != nil {
		return err
	}
	if s.first == nil {
		s.first = &welcome
	}
	switch {
	case welcome.Stored == s.first.Stored && welcome.Sum == s.first.Sum:
		err = s.send(c, frames)
	case welcome.Stored == s.first.Stored+1 && welcome.Sum == protocol.Checksum(s.first.Sum, s.record):
		// The bet is stored, and only its acknowledgement was lost.
	case welcome.Stored <= s.first.Stored:
		err = fmt.Errorf("the central has lost bets of this agency: it had %d of checksum %08x, and has %d of %08x",
			s.first.Stored, s.first.Sum, welcome.Stored, welcome.Sum)
	default:
		err = errUnknown
	}
	if err != nil {
		return err
	}
	logBetSent(s.bet.Document, s.bet.Number)
	return nil
}

// send sends the bet and waits for its acknowledgement.
func (s *single) send(c *deadline.Conn, frames *protocol.Reader) error {
	if err := sendMessage(c, &protocol.Single{Offset: s.first.Stored, Bet: s.bet}); err != nil {
		return err
	}
	c.ArmRead(replyTimeout)
	var ack protocol.Ack
	if err := receiveMessage(frames, &ack); err != nil {
		return err
	}
	if ack.Stored != s.first.Stored+1 {
		return fmt.Errorf("the central acknowledged %d bets, expected %d", ack.Stored, s.first.Stored+1)
	}
	return nil
}
