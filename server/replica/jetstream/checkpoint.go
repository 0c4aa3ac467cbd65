package jetstream

import (
	"context"
	"errors"

	js "github.com/nats-io/nats.go/jetstream"
)

// The checkpoint is an object, and no key's value: that would be bounded by the size of
// a message, and the winners of a billion bets are larger.
const (
	bucketName     = "LOTERIA-checkpoint"
	checkpointName = "fold"
)

// SaveCheckpoint implements replica.Log.
func (l *Log) SaveCheckpoint(ctx context.Context, checkpoint []byte) error {
	bucket, err := l.stream.CreateOrUpdateObjectStore(ctx, js.ObjectStoreConfig{Bucket: bucketName, Storage: js.FileStorage, Replicas: replicas})
	if err != nil {
		return err
	}
	_, err = bucket.PutBytes(ctx, checkpointName, checkpoint)
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
	checkpoint, err := bucket.GetBytes(ctx, checkpointName)
	if errors.Is(err, js.ErrObjectNotFound) {
		return nil, nil
	}
	return checkpoint, err
}
