// Package jetstream is a replica.Log in a stream of NATS JetStream that three servers
// replicate.
package jetstream

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/retry"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica"
)

const (
	// StreamName is the name of the stream, and subject that of its one subject.
	StreamName = "LOTERIA"
	subject    = "loteria.log"

	// headerKey is the key of an entry's header: each line is a value of it.
	headerKey = "Loteria"

	// heartbeat is how often the server says that nothing new has come. After two
	// that are missing, the consumer is created anew.
	heartbeat = time.Second

	// requestTimeout bounds a request to JetStream: while a cluster forms, it
	// leaves some unanswered.
	requestTimeout = 2 * time.Second

	// pause is the time between two attempts.
	pause = 250 * time.Millisecond
)

// Log is a replica.Log. Open returns one.
//
// It compresses the bodies: the servers of NATS copy, hash and write each byte several
// times. A body of plain rows becomes a quarter, and the servers need half the
// processor time.
type Log struct {
	connection *nats.Conn
	stream     js.JetStream
	created    time.Time // when the stream was

	mu         sync.Mutex // guards compressed
	compressed []byte     // the body of the last message; its memory is reused
}

// Close closes the connection. Nothing more is appended.
func (l *Log) Close() { l.connection.Close() }

// Append implements replica.Log.
func (l *Log) Append(entry replica.Entry) <-chan error {
	acked := make(chan error, 1)
	message := nats.NewMsg(subject)
	message.Header[headerKey] = replica.Header(entry)
	if bets, ok := entry.(*replica.Bets); ok {
		l.mu.Lock()
		defer l.mu.Unlock() // the library copies the message before it returns
		l.compressed = s2.Encode(l.compressed[:cap(l.compressed)], bets.Body)
		message.Data = l.compressed
	}
	// Another attempt of the library would change the order.
	future, err := l.stream.PublishMsgAsync(message, js.WithExpectStream(StreamName), js.WithRetryAttempts(0))
	if err != nil {
		acked <- fmt.Errorf("publish an entry: %w", err)
		return acked
	}
	go func() {
		select {
		case <-future.Ok():
			acked <- nil
		case err := <-future.Err(): // at the latest after publishTimeout
			acked <- fmt.Errorf("publish an entry: %w", err)
		}
	}()
	return acked
}

// Follow implements replica.Log. When the consumer is lost, as with the server that
// held it, another goes on after the last entry.
func (l *Log) Follow(ctx context.Context, after uint64) iter.Seq2[replica.Sequenced, error] {
	return l.read(ctx, after, true)
}

// Read gives the entries with their bodies, as Follow does. It checks the bodies.
func (l *Log) Read(ctx context.Context, after uint64) iter.Seq2[replica.Sequenced, error] {
	return l.read(ctx, after, false)
}

func (l *Log) read(ctx context.Context, after uint64, headersOnly bool) iter.Seq2[replica.Sequenced, error] {
	return func(yield func(replica.Sequenced, error) bool) {
		for {
			err := l.consume(ctx, after, headersOnly, func(next replica.Sequenced) bool {
				after = next.Sequence
				return yield(next, nil)
			})
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

var errStopped = errors.New("nobody wants more entries")

// consume gives entries until the consumer is lost or yield returns false.
func (l *Log) consume(ctx context.Context, after uint64, headersOnly bool, yield func(replica.Sequenced) bool) error {
	consumer, err := l.stream.OrderedConsumer(ctx, StreamName, js.OrderedConsumerConfig{
		DeliverPolicy:     js.DeliverByStartSequencePolicy,
		OptStartSeq:       after + 1,
		HeadersOnly:       headersOnly,
		InactiveThreshold: time.Minute,
		MaxResetAttempts:  1,
	})
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(js.PullHeartbeat(heartbeat))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		message, err := messages.Next(js.NextContext(ctx))
		if err != nil {
			return err
		}
		next, err := sequenced(message, headersOnly)
		if err != nil {
			return err
		}
		if !yield(next) {
			return errStopped
		}
	}
}

// sequenced makes an entry of a message.
func sequenced(message js.Msg, headersOnly bool) (replica.Sequenced, error) {
	metadata, err := message.Metadata()
	if err != nil {
		return replica.Sequenced{}, err
	}
	sequence := metadata.Sequence.Stream
	entry, err := replica.ParseHeader(message.Headers().Values(headerKey))
	if bets, ok := entry.(*replica.Bets); ok && !headersOnly {
		err = decompress(bets, message.Data())
	}
	if err != nil {
		return replica.Sequenced{}, fmt.Errorf("entry %d: %w", sequence, err)
	}
	return replica.Sequenced{Sequence: sequence, Entry: entry}, nil
}

// decompress sets the body of an entry, and compares it with the header.
func decompress(bets *replica.Bets, data []byte) (err error) {
	if bets.Body, err = s2.Decode(nil, data); err != nil {
		return fmt.Errorf("%w: its body: %w", replica.ErrCorrupted, err)
	}
	return bets.Check(bets.Body)
}
