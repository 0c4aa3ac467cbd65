package jetstream

import (
	"context"
	"errors"
	"time"

	js "github.com/nats-io/nats.go/jetstream"
)

// bucketName is the name of the object store that holds the checkpoint. It is an object,
// and no key's value: that would be bounded by the size of a message, and the winners of
// a billion bets are larger.
const bucketName = "LOTERIA-checkpoint"

// checkpointName is the name of the checkpoint's object. It names the stream by the time
// of its creation: the bucket outlives a stream that somebody deletes, and the next
// lottery's stream must not begin with the state of the last one's.
func (l *Log) checkpointName() string { return "fold of " + l.created.UTC().Format(time.RFC3339Nano) }

// SaveCheckpoint implements replica.Log.
func (l *Log) SaveCheckpoint(ctx context.Context, checkpoint []byte) error {
	bucket, err := l.stream.CreateOrUpdateObjectStore(ctx, js.ObjectStoreConfig{Bucket: bucketName, Storage: js.FileStorage, Replicas: replicas})
	if err != nil {
		return err
	}
	_, err = bucket.PutBytes(ctx, l.checkpointName(), checkpoint)
	return err
}

// LoadCheckpoint implements replica.Log.
func (l *Log) LoadCheckpoint(ctx context.Context) ([]byte, error) {
	bucket, err := l.stream.ObjectStore(ctx, bucketName)
	if errors.Is(err, js.ErrBucketNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	checkpoint, err := bucket.GetBytes(ctx, l.checkpointName())
	if errors.Is(err, js.ErrObjectNotFound) {
		return nil, nil
	}
	return checkpoint, err
}
