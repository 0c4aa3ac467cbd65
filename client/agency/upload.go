package agency

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/deadline"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// writeBuffer is the room, in bytes, to gather batches for one write to the
// socket: four of the largest, and one that may turn out to be.
const writeBuffer = 5 * protocol.MaxFrame

// errMismatch says that the data file is not the one whose bets are stored.
var errMismatch = errors.New("the data file was changed since its bets were stored")

// upload sends a data file.
type upload struct {
	id      uint32
	file    string
	options Options
	winners []string
}

// attempt sends what the central does not have yet, and waits for the winners.
// Its goroutine sends; another receives the replies.
func (u *upload) attempt(ctx context.Context, c *deadline.Conn, p *patience) error {
	frames := protocol.NewReader(c)
	welcome, err := greet(c, frames, u.id)
	if err != nil {
		return err
	}
	c.ArmRead(0) // no reply is due before the first batch

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	replies := &replies{frames: frames, flight: newFlight(welcome.Stored, c.ArmRead), patience: p, known: welcome.Finished}
	received := make(chan error, 1)
	go func() {
		err := replies.receive()
		cancel(err)
		received <- err
	}()
	total, err := u.sendFile(ctx, c, replies.flight, welcome)
	if err != nil {
		return u.abort(c, err, received)
	}
	logFinished(u.id, total)
	if err := <-received; err != nil {
		return err
	}
	u.winners = replies.winners
	return nil
}

// abort ends an attempt whose sending failed. If the connection did, the
// central may have said why: its word counts for more.
func (u *upload) abort(c *deadline.Conn, err error, received <-chan error) error {
	if passing(err) {
		c.Bound(stopTimeout)
	} else {
		c.Interrupt()
	}
	var refusal *protocol.Error
	if reply := <-received; errors.As(reply, &refusal) && passing(err) {
		return reply
	}
	return err
}

// outBuffers are shared by all uploads of a process, which need one only while
// they send.
var outBuffers = sync.Pool{New: func() any {
	out := make([]byte, 0, writeBuffer)
	return &out
}}

// sendFile sends what the central does not have yet, and returns how many bets
// there are. When it returns the data file is closed.
func (u *upload) sendFile(ctx context.Context, c *deadline.Conn, flight *flight, stored protocol.Welcome) (total uint64, err error) {
	reader, err := Open(u.file)
	if err != nil {
		return 0, fmt.Errorf("open the data file: %w", err)
	}
	defer func() { logClosed("file", "file", u.file, u.id, reader.Close()) }()
	if err := u.skip(ctx, reader, stored); err != nil {
		return 0, err
	}
	out := outBuffers.Get().(*[]byte)
	defer outBuffers.Put(out)
	s := &sender{upload: u, conn: c, out: *out, flight: flight}
	err = s.send(ctx, reader, stored.Stored)
	return s.batch.End(), err
}

// skip passes over the bets that are stored, and compares them with what the
// central says they are.
func (u *upload) skip(ctx context.Context, reader *Reader, stored protocol.Welcome) error {
	if stored.Stored == 0 {
		return nil
	}
	var sum uint32
	for n := range stored.Stored {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		record, err := reader.Next()
		if err == io.EOF {
			return fmt.Errorf("%s: %w: it has %d bets, %d are stored", u.file, errMismatch, n, stored.Stored)
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

// sender sends the batches of a data file and what follows them.
type sender struct {
	*upload
	conn   *deadline.Conn
	out    []byte // frames not written yet; the batch is gathered behind them
	flight *flight
	batch  protocol.BatchBuilder
	sent   bool // a batch was sent over this connection
}

// send sends the reader's bets, from the given offset on, then FINISHED and
// QUERY.
func (s *sender) send(ctx context.Context, reader *Reader, offset uint64) error {
	s.batch.Start(s.out, offset)
	for {
		record, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if err := s.add(ctx, record); err != nil {
			return err
		}
		if s.options.Progress != nil && s.batch.Len() == 1 {
			s.options.Progress(reader.Progress())
		}
	}
	if s.batch.Len() > 0 {
		if err := s.sendBatch(ctx); err != nil {
			return err
		}
	}
	if s.options.Progress != nil {
		s.options.Progress(reader.Progress())
	}
	return s.finish()
}

// add puts a bet's record into the batch. If that is full it is sent first, and
// the bet opens the next.
func (s *sender) add(ctx context.Context, record []byte) error {
	if s.batch.Len() < s.options.BatchMaxAmount && s.batch.Add(record) {
		return nil
	}
	if err := s.sendBatch(ctx); err != nil {
		return err
	}
	s.batch.Add(record) // fits: the batch is empty
	return nil
}

// sendBatch sends the batch when its time has come, waits for room in the window
// and starts the next.
func (s *sender) sendBatch(ctx context.Context) error {
	if s.sent && s.options.Period > 0 {
		if err := pause(ctx, s.options.Period); err != nil {
			return err
		}
	}
	s.flight.add(s.batch.End())
	s.out = s.batch.Frame()
	s.sent = true
	logBatchSent(s.id, s.batch.Len(), s.batch.End())
	// What is gathered must be on its way before the next pause, and before
	// we wait for replies to it.
	if cap(s.out)-len(s.out) < protocol.MaxFrame || s.options.Period > 0 || s.flight.full() {
		if err := s.flush(); err != nil {
			return err
		}
	}
	if err := s.flight.room(ctx); err != nil {
		return err
	}
	s.batch.Start(s.out, s.batch.End())
	return nil
}

// flush writes what is gathered.
func (s *sender) flush() error {
	if _, err := s.conn.Write(s.out); err != nil {
		return lost("send: %w", err)
	}
	s.out = s.out[:0]
	return nil
}

// finish notifies the central and asks for the winners.
func (s *sender) finish() error {
	for _, m := range []protocol.Message{&protocol.Finished{Total: s.batch.End()}, &protocol.Query{}} {
		var err error
		if s.out, err = protocol.AppendFrame(s.out, m); err != nil {
			return err
		}
	}
	s.flight.finish()
	return s.flush()
}

// replies receives what the central sends during an upload.
type replies struct {
	frames   *protocol.Reader
	flight   *flight
	patience *patience
	known    bool      // the central knew before that the agency has finished
	landed   time.Time // when it said so; the draw is waited for since
	winners  []string
}

// receive returns nil when all winners are known.
func (r *replies) receive() error {
	defer func() {
		if !r.landed.IsZero() {
			r.patience.excuse(time.Since(r.landed))
		}
	}()
	for {
		kind, payload, err := nextFrame(r.frames)
		if err != nil {
			return err
		}
		switch kind {
		case protocol.TypeAck:
			err = r.ack(payload)
		case protocol.TypeRegistered:
			err = r.registered(payload)
		case protocol.TypeWinners:
			more, err := r.take(payload)
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

func (r *replies) ack(payload []byte) error {
	var ack protocol.Ack
	if err := ack.Decode(payload); err != nil {
		return err
	}
	progress, err := r.flight.ack(ack.Stored)
	if progress {
		r.patience.progress()
	}
	return err
}

func (r *replies) registered(payload []byte) error {
	if err := new(protocol.Registered).Decode(payload); err != nil {
		return err
	}
	if err := r.flight.land(); err != nil {
		return err
	}
	if !r.known {
		r.patience.progress()
	}
	r.landed = time.Now()
	return nil
}

// take takes winners and tells whether more follow.
func (r *replies) take(payload []byte) (more bool, err error) {
	if r.landed.IsZero() {
		return false, errors.New("the central sent winners before it took the agency to have finished")
	}
	var winners protocol.Winners
	if err := winners.Decode(payload); err != nil {
		return false, err
	}
	r.winners = append(r.winners, winners.Documents...)
	return winners.More, nil
}

// pause waits, and fails with the context's cause if that ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
