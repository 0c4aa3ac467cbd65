package agency

import (
	"errors"
	"fmt"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/retry"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// receiver receives what the central sends during an upload.
type receiver struct {
	*upload
	frames     *protocol.Reader
	window     *sendWindow
	loop       *retry.Loop
	repeated   bool     // FINISHED is repeated: WELCOME said that the agency has finished
	registered bool     // REGISTERED has arrived: only WINNERS may follow
	documents  []string // of the winners that have arrived
}

func newReceiver(u *upload, frames *protocol.Reader, window *sendWindow, loop *retry.Loop, repeated bool) *receiver {
	return &receiver{upload: u, frames: frames, window: window, loop: loop, repeated: repeated}
}

// run receives frames. It returns nil after the last winners.
func (r *receiver) run() error {
	for {
		kind, payload, err := nextFrame(r.frames)
		if err != nil {
			return err
		}
		switch kind {
		case protocol.TypeAck:
			err = r.takeAck(payload)
		case protocol.TypeRegistered:
			err = r.takeRegistered(payload)
		case protocol.TypeWinners:
			more, err := r.takeWinners(payload)
			if err != nil || !more {
				return err
			}
		default:
			err = fmt.Errorf("the central sent %v during an upload", kind)
		}
		if err != nil {
			return err
		}
	}
}

func (r *receiver) takeAck(payload []byte) error {
	var ack protocol.Ack
	if err := ack.Decode(payload); err != nil {
		return err
	}
	anyNew, err := r.window.acknowledge(ack.Stored)
	if anyNew {
		r.loop.Reset()
	}
	return err
}

func (r *receiver) takeRegistered(payload []byte) error {
	if err := new(protocol.Registered).Decode(payload); err != nil {
		return err
	}
	if err := r.window.confirmFinished(); err != nil {
		return err
	}
	// REGISTERED for a repeated FINISHED is no progress. If it reset the loop, a central
	// that fails after each REGISTERED would keep the agency in the loop for ever.
	if !r.repeated {
		r.loop.Reset()
	}
	r.registered = true
	if r.options.OnProgress != nil {
		r.options.OnProgress(Progress{Sent: r.size, Size: r.size, Waiting: true})
	}
	return nil
}

// takeWinners decodes one WINNERS frame and keeps its documents. It returns whether
// another WINNERS follows. After the last one it sets the upload's winners.
func (r *receiver) takeWinners(payload []byte) (more bool, err error) {
	if !r.registered {
		return false, errors.New("the central sent winners before REGISTERED")
	}
	var winners protocol.Winners
	if err := winners.Decode(payload); err != nil {
		return false, err
	}
	if winners.More && len(winners.Documents) == 0 {
		return false, errors.New("the central sent no winners and said that more follow")
	}
	r.documents = append(r.documents, winners.Documents...)
	if bets := r.window.acknowledged(); uint64(len(r.documents)) > uint64(bets) {
		return false, fmt.Errorf("the central sent %d winners among %d bets", len(r.documents), bets)
	}
	if !winners.More {
		r.winners = r.documents
		return false, nil
	}
	r.window.expectReply() // after the draw the rest follows at once
	return true, nil
}
