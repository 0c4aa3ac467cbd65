package jetstream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	js "github.com/nats-io/nats.go/jetstream"
)

// replicas is how many servers hold the log: one may be lost.
const replicas = 3

// agenciesKey is the key of the stream's metadata that holds the number of agencies.
const agenciesKey = "agencies"

// config is what the stream is created with. Nothing ever leaves it.
func config(agencies int) js.StreamConfig {
	return js.StreamConfig{
		Name:        StreamName,
		Description: "The log of the lottery. Do not delete from it.",
		Subjects:    []string{"loteria.>"},
		Storage:     js.FileStorage,
		Replicas:    replicas,
		Retention:   js.LimitsPolicy,
		Discard:     js.DiscardNew,
		MaxMsgs:     -1,
		MaxBytes:    -1,
		MaxMsgSize:  -1,
		DenyDelete:  true,
		DenyPurge:   true,
		Metadata:    map[string]string{agenciesKey: strconv.Itoa(agencies)},
	}
}

// checkStream creates the stream if there is none, and checks its settings.
func (l *Log) checkStream(ctx context.Context, options Options) error {
	if !l.connection.IsConnected() { // else the library says that its buffer is full
		return errors.New("no NATS server has accepted the connection yet")
	}
	asking, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	stream, err := l.stream.Stream(asking, StreamName)
	switch missing := errors.Is(err, js.ErrStreamNotFound); {
	case missing && options.Existing:
		return wrongSetting("there is no stream %s: no central has used this cluster", StreamName)
	case missing:
		stream, err = l.stream.CreateStream(asking, config(options.Agencies))
	}
	if err != nil {
		return fmt.Errorf("stream %s: %w", StreamName, err)
	}
	if size := l.connection.MaxPayload(); size < minPayload {
		return wrongSetting("the NATS servers take messages of %d bytes, and entries need %d: set max_payload", size, minPayload)
	}
	info := stream.CachedInfo()
	if err := checkConfig(info.Config, options.Agencies); err != nil {
		return err
	}
	if _, err := statusOf(info); err != nil {
		return fmt.Errorf("stream %s: %w", StreamName, err)
	}
	if info.State.FirstSeq > 1 {
		return wrongSetting("stream %s begins with entry %d: somebody has deleted the entries before", StreamName, info.State.FirstSeq)
	}
	l.created = info.Created
	return nil
}

// checkConfig compares the settings of a stream with those that the lottery needs.
func checkConfig(got js.StreamConfig, agencies int) error {
	want := config(agencies)
	for _, setting := range []struct {
		name      string
		got, want any
	}{
		{"num_replicas", got.Replicas, want.Replicas},
		{"storage", got.Storage, want.Storage},
		{"retention", got.Retention, want.Retention},
		{"discard", got.Discard, want.Discard},
		{"max_msgs", got.MaxMsgs, want.MaxMsgs},
		{"max_bytes", got.MaxBytes, want.MaxBytes},
		{"max_age", got.MaxAge, want.MaxAge},
		{"max_msg_size", got.MaxMsgSize, want.MaxMsgSize},
		{"max_msgs_per_subject", got.MaxMsgsPerSubject, int64(-1)},
		{"deny_delete", got.DenyDelete, want.DenyDelete},
		{"deny_purge", got.DenyPurge, want.DenyPurge},
		{"no_ack", got.NoAck, false},
		{"sealed", got.Sealed, false},
	} {
		if setting.got != setting.want {
			return wrongSetting("stream %s: %s is %v, the lottery needs %v", StreamName, setting.name, setting.got, setting.want)
		}
	}
	if !slices.Equal(got.Subjects, want.Subjects) {
		return wrongSetting("stream %s: its subjects are %q, the lottery needs %q", StreamName, got.Subjects, want.Subjects)
	}
	if was := got.Metadata[agenciesKey]; was != want.Metadata[agenciesKey] {
		return wrongSetting("stream %s holds a lottery of %q agencies, SERVER_AGENCIES is %d", StreamName, was, agencies)
	}
	return nil
}
