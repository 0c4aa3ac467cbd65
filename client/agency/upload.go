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

// errMismatch means that the data file is not the one whose bets are stored.
var errMismatch = errors.New("the data file was changed since its bets were stored")

// upload is one upload of a data file. attempt is called once for each connection.
type upload struct {
	id      lottery.AgencyID
	file    string
	size    int64 // of the file when the upload began
	pipe    bool  // the file is a pipe: it can be read only once
	opened  bool  // an attempt has opened the file
	options Options

	acked   lottery.Offset // how many bets the central has acknowledged, over all connections
	winners []string       // the result
}

// attempt sends the bets that the central does not have yet, and waits for the
// winners. The caller's goroutine sends. Another goroutine receives the replies.
func (u *upload) attempt(ctx context.Context, c *deadline.Conn, loop *retry.Loop) error {
	frames, welcome, err := greet(c, u.id)
	if err != nil {
		return err
	}
	if welcome.Stored < u.acked {
		return fmt.Errorf("the central has %d bets of this agency, and had acknowledged %d", welcome.Stored, u.acked)
	}
	u.acked = welcome.Stored
	// limitWait sets the time limit for the next reply. The timer of the loop runs only
	// while the agency waits for a reply.
	limitWait := func(d time.Duration) {
		c.ArmRead(d)
		if d > 0 {
			loop.Resume()
		} else {
			loop.Suspend()
		}
	}
	limitWait(0) // before the first batch there is no reply to wait for

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := newReceiver(u, frames, newSendWindow(welcome.Stored, limitWait), loop, welcome.Finished)
	received := make(chan error, 1)
	go func() {
		err := r.run()
		cancel(err)
		received <- err
	}()
	total, err := u.sendFile(ctx, c, r.window, welcome)
	if err != nil {
		err = u.abort(c, err, received)
	} else {
		logFinished(u.id, total)
		err = <-received
	}
	u.acked = r.window.acknowledged()
	return err
}

// abort ends an attempt after sending has failed with err. If the connection has
// failed, abort waits a moment for an ERROR that the central may have sent before. An
// ERROR names the reason of the failure. So abort returns it instead of err.
func (u *upload) abort(c *deadline.Conn, err error, received <-chan error) error {
	if temporary(err) {
		c.EndWithin(stopTimeout)
	} else {
		c.Interrupt()
	}
	var refusal *protocol.Error
	if reply := <-received; errors.As(reply, &refusal) && temporary(err) {
		return reply
	}
	return err
}

// sendFile sends the bets that the central does not have yet. It returns how many
// bets the file has. It opens and closes the data file.
func (u *upload) sendFile(ctx context.Context, c *deadline.Conn, window *sendWindow, welcome protocol.Welcome) (total lottery.Offset, err error) {
	if u.pipe && u.opened {
		return 0, fmt.Errorf("%s: a pipe cannot be read again after the connection was lost", u.file)
	}
	u.opened = true
	file, err := openDataFile(ctx, u.file, u.size, u.id)
	if err != nil {
		return 0, dataFileError(u.file, err)
	}
	defer func() { logClosed("file", "file", u.file, u.id, file.Close()) }()
	if err := u.skip(ctx, file, welcome); err != nil {
		return 0, err
	}
	s := newSender(u, c, window, welcome.Stored)
	err = s.send(ctx, file)
	return s.next(), err
}

// skip reads the bets that are stored already, and compares their checksum with the
// one in WELCOME.
func (u *upload) skip(ctx context.Context, file *dataFile, welcome protocol.Welcome) error {
	if welcome.Stored == 0 {
		return nil
	}
	var sum uint32
	var record []byte
	for n := range welcome.Stored {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		bet, err := file.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: %w: it has %d bets, %d are stored", u.file, errMismatch, n, welcome.Stored)
		}
		if err == nil {
			record, err = appendRecord(record[:0], file, bet)
		}
		if err != nil {
			return err
		}
		sum = protocol.Checksum(sum, record)
	}
	if sum != welcome.Sum {
		return fmt.Errorf("%s: %w: of its first %d bets the checksum is %08x, of those stored %08x", u.file, errMismatch, welcome.Stored, sum, welcome.Sum)
	}
	logResuming(u.id, welcome.Stored)
	return nil
}

// appendRecord appends the record of a bet. The bet is the last one read from the
// file: an error names its line.
func appendRecord(dst []byte, file *dataFile, bet *lottery.Bet) ([]byte, error) {
	dst, err := protocol.AppendRecord(dst, bet)
	if err != nil {
		return dst, fmt.Errorf("%s: %w", file.Where(), err)
	}
	return dst, nil
}
