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

// writeBuffer is how many bytes of frames one write to the socket can take: eight
// of the largest frames.
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
// for the bet that no longer fits the batch.
func newSender(u *upload, c *deadline.Conn, window *sendWindow, offset lottery.Offset) *sender {
	return &sender{upload: u, conn: c, window: window, offset: offset,
		out: make([]byte, 0, writeBuffer), records: make([]byte, 0, 2*protocol.MaxRecords)}
}

// end is the offset after the last bet that was added.
func (s *sender) end() lottery.Offset { return s.offset + lottery.Offset(s.count) }

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
		if ctx.Err() != nil {
			return context.Cause(ctx) // which may have ended the read of a pipe
		}
		if err != nil {
			return err
		}
		if s.count == 1 { // once for each batch, not for each bet
			s.progress(file)
		}
	}
	if err := file.unchanged(); err != nil {
		return err
	}
	if s.count > 0 {
		if err := s.sendBatch(ctx); err != nil {
			return err
		}
	}
	s.progress(file)
	return s.finish()
}

func (s *sender) progress(file *dataFile) {
	if s.options.Progress != nil {
		s.options.Progress(Progress{Sent: min(file.Offset(), s.size), Size: s.size})
	}
}

// add puts the record of a file's bet into the batch. If that is full it is sent
// first, and the bet opens the next.
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

// sendBatch pauses Options.Period since the last batch, puts the batch into the
// buffer, writes the buffer if needed, starts the next batch, and waits until it may
// be sent.
func (s *sender) sendBatch(ctx context.Context) error {
	if s.sent && s.options.Period > 0 {
		if err := retry.Pause(ctx, s.options.Period); err != nil {
			return err
		}
	}
	s.window.add(s.end())
	s.out = protocol.AppendBatch(s.out, s.offset, s.count, s.records)
	s.sent = true
	logBatchSent(s.id, s.count, s.end())
	s.offset, s.count, s.records = s.end(), 0, s.records[:0]
	// The buffered frames must be written before the next pause, and before the
	// sender waits for replies to them.
	slow := s.options.Period > 0 || s.pipe // which may be slow too
	if slow || cap(s.out)-len(s.out) < protocol.MaxFrame || s.window.full() {
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
	for _, m := range []protocol.Message{&protocol.Finished{Total: s.end()}, &protocol.Query{}} {
		var err error
		if s.out, err = protocol.AppendFrame(s.out, m); err != nil {
			return err
		}
	}
	s.window.finish()
	return s.flush()
}
