// Package jetstream is a replica.Log in a stream of NATS JetStream that three servers
// replicate.
package jetstream

import (
	"fmt"
	"sync"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica"
)

const (
	// StreamName is the name of the stream, and subject that of its one subject.
	StreamName = "LOTERIA"
	subject    = "loteria.log"

	// headerKey is the key of an entry's header: each line is a value of it.
	headerKey = "Loteria"

	// requestTimeout bounds a request to JetStream: while a cluster forms, it
	// leaves some unanswered.
	requestTimeout = 2 * time.Second

	// pause is the time between two attempts.
	pause = 250 * time.Millisecond
)

// Log is a replica.Log. Open returns one.
//
// It compresses the bodies: the servers of NATS copy, hash and write each byte several
// times. The official data shrinks to half, and three centrals with their servers on one
// machine store an eighth more.
type Log struct {
	connection *nats.Conn
	stream     js.JetStream
	created    time.Time // when the stream was

	mu         sync.Mutex // guards compressed
	compressed []byte     // the body of the last message; its memory is reused

	hearing sync.Mutex // guards since
	since   time.Time  // when the leader answered last, or the connection moved
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
			l.heard(nil)
			acked <- nil
		case err := <-future.Err(): // at the latest after publishTimeout
			acked <- fmt.Errorf("publish an entry: %w", err)
		}
	}()
	return acked
}
