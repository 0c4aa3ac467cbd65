package agency

import (
	"context"
	"io"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/deadline"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/reason"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/retry"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// writeBuffer is the most bytes of one write to the socket: eight frames of the
// largest size.
const writeBuffer = 8 * protocol.MaxFrame

// sender sends the batches of a data file, then FINISHED and QUERY.
type sender struct {
	*upload
	conn   *deadline.Conn
	window *sendWindow
	out    []byte // frames not written yet
	sent   bool   // a batch was sent over this connection

	// The batch that is being filled:
	offset  lottery.Offset // of its first bet
	count   int
	records []byte
}

// newSender returns a sender whose first bet has that offset. Its records have room
// for a whole batch and for the first bet of the next.
func newSender(u *upload, c *deadline.Conn, window *sendWindow, offset lottery.Offset) *sender {
	return &sender{upload: u, conn: c, window: window, offset: offset,
		out: make([]byte, 0, writeBuffer), records: make([]byte, 0, 2*protocol.MaxRecords)}
}

// next returns the offset of the next bet. It is also how many bets come before that one,
// those of the unfinished batch included.
func (s *sender) next() lottery.Offset { return s.offset + lottery.Offset(s.count) }

// send sends the file's bets, then FINISHED and QUERY.
func (s *sender) send(ctx context.Context, file *dataFile) error {
	for {
		bet, err := file.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = s.add(ctx, file, bet)
		}
		if err != nil && ctx.Err() != nil {
			return context.Cause(ctx) // err may only say that the read of a pipe was ended
		}
		if err != nil {
			return err
		}
		if s.count == 1 { // once for each batch, not for each bet
			s.reportProgress(file)
		}
	}
	if err := file.checkSize(); err != nil {
		return err
	}
	if s.count > 0 {
		if err := s.sendBatch(ctx); err != nil {
			return err
		}
	}
	s.reportProgress(file)
	return s.finish()
}

func (s *sender) reportProgress(file *dataFile) {
	if s.options.OnProgress != nil {
		s.options.OnProgress(Progress{Sent: min(file.BytesRead(), s.size), Size: s.size})
	}
}

// add puts the record of a bet into the batch. If the batch is full, add sends it
// first, and the bet begins the next one.
func (s *sender) add(ctx context.Context, file *dataFile, bet *lottery.Bet) error {
	size := len(s.records)
	records, err := appendRecord(s.records, file, bet)
	if err != nil {
		return err
	}
	full := s.count == s.options.BatchMaxAmount || len(records) > protocol.MaxRecords
	if full && s.count > 0 {
		if err := s.sendBatch(ctx); err != nil {
			return err
		}
		records = append(records[:0], records[size:]...) // only the record of this bet
	}
	s.records = records
	s.count++
	return nil
}

// sendBatch pauses for Options.Period if it is not the first batch. Then it puts the
// batch into the buffer, and writes the buffer if needed. It returns when the window
// has room for the next batch.
func (s *sender) sendBatch(ctx context.Context) error {
	if s.sent && s.options.Period > 0 {
		if err := retry.Pause(ctx, s.options.Period); err != nil {
			return err
		}
	}
	s.window.add(s.next())
	s.out = protocol.AppendBatch(s.out, s.offset, s.count, s.records)
	s.sent = true
	logBatchSent(s.id, s.count, s.next())
	s.offset, s.count, s.records = s.next(), 0, s.records[:0]
	// The buffered frames must be written before the sender waits: for the next
	// pause, for the next bet of a pipe, or for replies.
	pausing := s.options.Period > 0 || s.pipe
	if pausing || cap(s.out)-len(s.out) < protocol.MaxFrame || s.window.full() {
		if err := s.flush(); err != nil {
			return err
		}
	}
	return s.window.waitForRoom(ctx)
}

// flush writes the buffered frames.
func (s *sender) flush() error {
	if _, err := s.conn.Write(s.out); err != nil {
		return lost("send: %w", reason.Of(err))
	}
	s.out = s.out[:0]
	return nil
}

// finish notifies the central and asks for the winners.
func (s *sender) finish() error {
	for _, m := range []protocol.Message{&protocol.Finished{Total: s.next()}, &protocol.Query{}} {
		var err error
		if s.out, err = protocol.AppendFrame(s.out, m); err != nil {
			return err
		}
	}
	s.window.finish()
	return s.flush()
}
