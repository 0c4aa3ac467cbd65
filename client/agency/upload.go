package agency

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/deadline"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/retry"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// errMismatch says that the data file is not the one whose bets are stored.
var errMismatch = errors.New("the data file was changed since its bets were stored")

// upload is one upload of a data file. attempt is called once for each connection.
type upload struct {
	id      lottery.AgencyID
	file    string
	size    int64 // of the file when the upload began
	pipe    bool  // the file is one: it can be read once
	opened  bool
	options Options

	acked   lottery.Offset // what the central has acknowledged over all connections
	winners []string
}

// attempt sends what the central does not have yet, and waits for the winners.
// Its goroutine sends; another receives the replies.
func (u *upload) attempt(ctx context.Context, c *deadline.Conn, loop *retry.Loop) error {
	frames, welcome, err := greet(c, u.id)
	if err != nil {
		return err
	}
	if welcome.Stored < u.acked {
		return fmt.Errorf("the central has %d bets of this agency, and had acknowledged %d", welcome.Stored, u.acked)
	}
	u.acked = welcome.Stored
	// Only while a reply is due does time count.
	arm := func(d time.Duration) {
		c.ArmRead(d)
		if d > 0 {
			loop.Resume()
		} else {
			loop.Suspend()
		}
	}
	arm(0) // no reply is due before the first batch

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	receiver := newReceiver(u, frames, newSendWindow(welcome.Stored, arm), loop, welcome.Finished)
	received := make(chan error, 1)
	go func() {
		err := receiver.run()
		cancel(err)
		received <- err
	}()
	total, err := u.sendFile(ctx, c, receiver.window, welcome)
	if err != nil {
		err = u.abort(c, err, received)
	} else {
		logFinished(u.id, total)
		err = <-received
	}
	u.acked = receiver.window.acknowledged()
	return err
}

// abort ends an attempt whose sending failed. If the connection failed, an ERROR may
// still be readable. It is returned instead of err, because it says the reason.
func (u *upload) abort(c *deadline.Conn, err error, received <-chan error) error {
	if passing(err) {
		c.EndWithin(stopTimeout)
	} else {
		c.Interrupt()
	}
	var refusal *protocol.Error
	if reply := <-received; errors.As(reply, &refusal) && passing(err) {
		return reply
	}
	return err
}

// sendFile sends what the central does not have yet, and returns how many bets
// there are. When it returns the data file is closed.
func (u *upload) sendFile(ctx context.Context, c *deadline.Conn, window *sendWindow, stored protocol.Welcome) (total lottery.Offset, err error) {
	if u.pipe && u.opened {
		return 0, fmt.Errorf("%s: a pipe cannot be read again after the connection was lost", u.file)
	}
	u.opened = true
	file, err := openDataFile(ctx, u.file, u.size, u.id)
	if err != nil {
		return 0, dataFileError(u.file, err)
	}
	defer func() { logClosed("file", "file", u.file, u.id, file.Close()) }()
	if err := u.skip(ctx, file, stored); err != nil {
		return 0, err
	}
	s := newSender(u, c, window, stored.Stored)
	err = s.send(ctx, file)
	return s.end(), err
}

// skip reads over the bets that are stored, and compares their checksum with that
// of WELCOME.
func (u *upload) skip(ctx context.Context, file *dataFile, stored protocol.Welcome) error {
	if stored.Stored == 0 {
		return nil
	}
	var sum uint32
	var record []byte
	for n := range stored.Stored {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		bet, err := file.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: %w: it has %d bets, %d are stored", u.file, errMismatch, n, stored.Stored)
		}
		if err == nil {
			record, err = appendRecord(record[:0], file, bet)
		}
		if err != nil {
			return err
		}
		sum = protocol.Checksum(sum, record)
	}
	if sum != stored.Sum {
		return fmt.Errorf("%s: %w: of its first %d bets the checksum is %08x, of those stored %08x", u.file, errMismatch, stored.Stored, sum, stored.Sum)
	}
	logResuming(u.id, stored.Stored)
	return nil
}

// appendRecord appends the record of the bet that was read last from a file.
func appendRecord(dst []byte, file *dataFile, bet *lottery.Bet) ([]byte, error) {
	dst, err := protocol.AppendRecord(dst, bet)
	if err != nil {
		return dst, fmt.Errorf("%s: %w", file.Where(), err)
	}
	return dst, nil
}
