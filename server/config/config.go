// Package config reads the server's settings: environment variables before
// config.ini before defaults.
package config

import (
	"math"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/settings"
)

// DefaultPath is the file that is read, if it exists, when no flag names one.
const DefaultPath = "./config.ini"

// Config is the server's validated configuration.
type Config struct {
	Port           int           // SERVER_PORT: where the server listens, on all interfaces
	IP             string        // SERVER_IP: the name that clients use
	ListenBacklog  int           // SERVER_LISTEN_BACKLOG: of the listening socket
	LoggingLevel   string        // LOGGING_LEVEL, as it was written
	Agencies       int           // SERVER_AGENCIES: the draw waits for ids 1 to this; 0 never draws
	Storage        string        // SERVER_STORAGE: path of bets.csv
	StorageSync    bool          // SERVER_STORAGE_SYNC: fsync before a bet is acknowledged
	PublishDelay   time.Duration // SERVER_PUBLISH_DELAY: between the draw's log line and its results
	HelloTimeout   time.Duration // SERVER_HELLO_TIMEOUT: for the first bytes and HELLO
	IdleTimeout    time.Duration // SERVER_IDLE_TIMEOUT: of a connection that uploads
	MaxConnections int           // SERVER_MAX_CONNECTIONS
}

// keys have the names of their environment variables.
var keys = []settings.Key{
	key("SERVER_PORT", "12345"),
	key("SERVER_IP", "server"),
	key("SERVER_LISTEN_BACKLOG", "5"),
	key("LOGGING_LEVEL", "INFO"),
	key("SERVER_AGENCIES", "5"),
	key("SERVER_STORAGE", "./bets.csv"),
	key("SERVER_STORAGE_SYNC", "true"),
	key("SERVER_PUBLISH_DELAY", "0s"),
	key("SERVER_HELLO_TIMEOUT", "5s"),
	key("SERVER_IDLE_TIMEOUT", "10m"),
	key("SERVER_MAX_CONNECTIONS", "4096"),
}

func key(name, value string) settings.Key {
	return settings.Key{Name: name, Env: name, Default: value}
}

// Load reads the file of that path; a missing one is an error only if required,
// that is, if somebody named it. An environment variable that is set but empty
// counts as not set. The error names the key, and the file or the variable.
func Load(path string, required bool) (Config, error) {
	s, err := settings.Read(settings.File{Path: path, Required: required, Format: parseINI}, keys)
	if err != nil {
		return Config{}, err
	}
	c := Config{
		Port:           int(s.Int("SERVER_PORT", 1, math.MaxUint16)),
		IP:             s.Text("SERVER_IP"),
		ListenBacklog:  int(s.Int("SERVER_LISTEN_BACKLOG", 0, math.MaxUint16)),
		LoggingLevel:   s.Level("LOGGING_LEVEL"),
		Agencies:       int(s.Int("SERVER_AGENCIES", 0, math.MaxInt32)),
		Storage:        s.Text("SERVER_STORAGE"),
		StorageSync:    s.Bool("SERVER_STORAGE_SYNC"),
		PublishDelay:   s.Duration("SERVER_PUBLISH_DELAY", 0),
		HelloTimeout:   s.Duration("SERVER_HELLO_TIMEOUT", time.Millisecond),
		IdleTimeout:    s.Duration("SERVER_IDLE_TIMEOUT", time.Millisecond),
		MaxConnections: int(s.Int("SERVER_MAX_CONNECTIONS", 1, math.MaxInt32)),
	}
	if s.Err() != nil {
		return Config{}, s.Err()
	}
	return c, nil
}
