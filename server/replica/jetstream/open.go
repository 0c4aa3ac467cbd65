package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/retry"
)

const (
	// openTimeout is how long Open waits for a cluster that is still starting.
	openTimeout = time.Minute

	// publishTimeout bounds how long the library waits for an acknowledgement. The
	// central appends an entry again long before, and gives it up by then. The library
	// refuses to publish while 4,000 are missing.
	publishTimeout = 10 * time.Second

	// minPayload is the room for the largest entry.
	minPayload = 640 << 10
)

// Options say where the log is.
type Options struct {
	Servers  []string // URLs of the NATS servers
	Monitors []string // URLs of their monitoring ports
	Agencies int      // that take part; the stream remembers how many

	// Existing makes Open fail if there is no stream, instead of creating it.
	Existing bool

	// Waiting, if set, is told why Open is still waiting.
	Waiting func(error)
}

// Open connects to the cluster, creates the stream if it does not exist, and checks
// that what a central acknowledges survives: three replicas, in files, on servers that
// sync before they acknowledge. It waits for a cluster that is still starting, but not
// longer than a minute. Its error names what is wrong.
func Open(ctx context.Context, options Options) (*Log, error) {
	connection, err := nats.Connect(strings.Join(options.Servers, ","), connectOptions()...)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	stream, err := js.New(connection, js.WithDefaultTimeout(requestTimeout), js.WithPublishAsyncTimeout(publishTimeout))
	if err != nil {
		connection.Close()
		return nil, err
	}
	l := &Log{connection: connection, stream: stream, since: time.Now()}
	if err := l.check(ctx, options); err != nil {
		connection.Close()
		return nil, err
	}
	return l, nil
}

func connectOptions() []nats.Option {
	return []nats.Option{
		nats.Name("central"),
		nats.Timeout(requestTimeout),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(pause),
		nats.ReconnectJitter(pause, pause),
		nats.IgnoreDiscoveredServers(), // the configured addresses are those that work here
		nats.ReconnectBufSize(-1),      // what cannot be sent at once the central appends again
		nats.PingInterval(time.Second),
		nats.MaxPingsOutstanding(2), // notices a server that was paused
		nats.FlusherTimeout(requestTimeout),
		// The default handler prints on stderr. What fails, the callers see too.
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
	}
}

// check checks the servers and the stream, again and again until what is checked is
// right, or wrong for good.
func (l *Log) check(ctx context.Context, options Options) error {
	ctx, cancel := context.WithTimeoutCause(ctx, openTimeout, errors.New("the cluster did not answer in time"))
	defer cancel()
	for told := ""; ; {
		synced, err := checkMonitors(ctx, options.Monitors)
		if err == nil {
			err = l.checkStream(ctx, options)
			l.heard(err)
		}
		if err == nil {
			err = l.checkConnected(synced)
		}
		if l.connection.IsClosed() { // for good: the servers refuse it
			return fmt.Errorf("connect to NATS: %w", l.connection.LastError())
		}
		var wrong *settingError
		if err == nil || errors.As(err, &wrong) {
			return err
		}
		if options.Waiting != nil && err.Error() != told && ctx.Err() == nil {
			told = err.Error()
			options.Waiting(err)
		}
		if cause := retry.Pause(ctx, pause); cause != nil {
			return fmt.Errorf("%w: %w", cause, err)
		}
	}
}

// settingError says which setting of the cluster loses bets. To wait does not help.
type settingError struct{ text string }

func (e *settingError) Error() string { return e.text }

func wrongSetting(format string, args ...any) error {
	return &settingError{fmt.Sprintf(format, args...)}
}
