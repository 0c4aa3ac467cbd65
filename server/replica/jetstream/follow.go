package jetstream

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/retry"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica"
)

const (
	// heartbeat is how often the server says that nothing new has come. After two
	// that are missing, the consumer is lost.
	heartbeat = time.Second

	// quiet is how long nothing has come before the follower asks whether a message was
	// lost.
	quiet = 3 * time.Second

	// createTimeout bounds a request for a consumer. While the servers elect a leader
	// nobody answers it, not even later. The central asks again, so it loses no more than
	// this time and pause after the election.
	createTimeout = 500 * time.Millisecond

	// nameTimeout is how long the central asks for a consumer by the same name. If the
	// consumer was created and only the answer came late, the next request finds it.
	// After that time the server that has the consumer is taken for dead.
	nameTimeout = 4 * time.Second
)

// Follow implements replica.Log. When the consumer is lost, as with the server that
// held it, another goes on after the last entry.
func (l *Log) Follow(ctx context.Context, after uint64) iter.Seq2[replica.Sequenced, error] {
	return l.read(ctx, after, true)
}

// Read gives the entries with their bodies, as Follow does. It checks the bodies.
func (l *Log) Read(ctx context.Context, after uint64) iter.Seq2[replica.Sequenced, error] {
	return l.read(ctx, after, false)
}

// read does not use the OrderedConsumer of the library: that waits ten seconds for the
// answer to one request.
func (l *Log) read(ctx context.Context, after uint64, headersOnly bool) iter.Seq2[replica.Sequenced, error] {
	return func(yield func(replica.Sequenced, error) bool) {
		for {
			consumer, err := l.createConsumer(ctx, after, headersOnly)
			if err == nil {
				err = consume(ctx, consumer, headersOnly, func(next replica.Sequenced) bool {
					after = next.Sequence
					return yield(next, nil)
				})
			}
			switch {
			case errors.Is(err, errStopped):
				return
			case errors.Is(err, replica.ErrCorrupted):
				yield(replica.Sequenced{}, err)
				return
			case l.connection.IsClosed() && ctx.Err() == nil: // for good: the servers refuse it
				yield(replica.Sequenced{}, errors.Join(nats.ErrConnectionClosed, l.connection.LastError()))
				return
			case retry.Pause(ctx, pause) != nil:
				return
			}
		}
	}
}

// createConsumer creates a consumer that gives the entries after a sequence number.
func (l *Log) createConsumer(ctx context.Context, after uint64, headersOnly bool) (consumer js.Consumer, err error) {
	config := js.ConsumerConfig{
		Name:              rand.Text(),
		DeliverPolicy:     js.DeliverByStartSequencePolicy,
		OptStartSeq:       after + 1,
		AckPolicy:         js.AckNonePolicy,
		HeadersOnly:       headersOnly,
		Replicas:          1,
		MemoryStorage:     true,
		InactiveThreshold: time.Minute, // then the servers delete it
	}
	for begin := time.Now(); time.Since(begin) < nameTimeout; {
		asking, cancel := context.WithTimeout(ctx, createTimeout)
		consumer, err = l.stream.CreateOrUpdateConsumer(asking, StreamName, config)
		cancel()
		if err == nil || l.connection.IsClosed() || retry.Pause(ctx, pause) != nil {
			break
		}
	}
	return consumer, err
}

var (
	errStopped = errors.New("nobody wants more entries")
	errSkipped = errors.New("a message of the consumer was lost")
)

// consume gives entries until the consumer is lost, or one of its messages, or yield
// returns false.
func consume(ctx context.Context, consumer js.Consumer, headersOnly bool, yield func(replica.Sequenced) bool) error {
	messages, err := consumer.Messages(js.PullHeartbeat(heartbeat))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for delivered := uint64(1); ; delivered++ {
		message, err := next(ctx, consumer, messages, delivered)
		if err != nil {
			return err
		}
		metadata, err := message.Metadata()
		if err != nil {
			return err
		}
		if metadata.Sequence.Consumer != delivered {
			return errSkipped
		}
		entry, err := parse(message, headersOnly)
		if err != nil {
			return fmt.Errorf("entry %d: %w", metadata.Sequence.Stream, err)
		}
		if !yield(replica.Sequenced{Sequence: metadata.Sequence.Stream, Entry: entry}) {
			return errStopped
		}
	}
}

// next waits for the message with that number. A message is lost with the connection that it
// was sent to, because the server does not send it again. A later message shows the loss,
// but none may come. So when nothing has come for a while, next asks the server whether it
// has sent the message.
func next(ctx context.Context, consumer js.Consumer, messages js.MessagesContext, number uint64) (js.Msg, error) {
	for {
		waiting, cancel := context.WithTimeout(ctx, quiet)
		message, err := messages.Next(js.NextContext(waiting))
		cancel()
		if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return message, err
		}
		info, err := consumer.Info(ctx)
		switch {
		case err != nil:
			return nil, err
		case info.Delivered.Consumer >= number:
			return nil, errSkipped
		}
	}
}

// parse makes an entry of a message.
func parse(message js.Msg, headersOnly bool) (replica.Entry, error) {
	entry, err := replica.ParseHeader(message.Headers().Values(headerKey))
	if bets, ok := entry.(*replica.Bets); ok && !headersOnly {
		err = decompress(bets, message.Data())
	}
	return entry, err
}

// decompress sets the body of an entry, and compares it with the header.
func decompress(bets *replica.Bets, data []byte) error {
	// Decode takes as much memory as the data says.
	size, err := s2.DecodedLen(data)
	if err == nil && size > replica.MaxBody {
		err = fmt.Errorf("%d bytes are more than %d", size, replica.MaxBody)
	}
	if err == nil {
		bets.Body, err = s2.Decode(nil, data)
	}
	if err != nil {
		return fmt.Errorf("%w: its body: %w", replica.ErrCorrupted, err)
	}
	return bets.Check(bets.Body)
}
