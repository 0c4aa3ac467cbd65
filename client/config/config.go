// Package config reads the client's settings: environment variables before
// config.yaml before defaults.
package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/settings"
)

// DefaultPath is the file that is read, if it exists, when no flag names one.
const DefaultPath = "./config.yaml"

// Mode is what the client does.
type Mode string

// The modes.
const (
	ModeAgency Mode = "agency" // uploads a data file and asks for its winners
	ModeBet    Mode = "bet"    // sends the one bet of its environment
	ModeEcho   Mode = "echo"   // sends messages and reads them back
)

// Config is the client's validated configuration.
type Config struct {
	ID             string           // id, as it was written
	Agency         lottery.AgencyID // id as a number; 0 in mode echo, where it is any text
	ServerAddress  string           // server.address, host:port
	LoopAmount     int              // loop.amount: how many echo messages
	LoopPeriod     time.Duration    // loop.period: pause between sends
	LoopPeriodText string           // loop.period, as it was written
	LogLevel       string           // log.level, as it was written
	BatchMaxAmount int              // batch.maxAmount: bets in a batch
	Mode           Mode             // mode
	Linger         time.Duration    // linger: how long to stay up after the end
	DataFile       string           // data.file
	RetryDeadline  time.Duration    // retry.deadline: how long to go on without progress
	Bet            Bet              // only in mode bet
}

var keys = []settings.Key{
	{Name: "id", Env: "CLI_ID"},
	{Name: "server.address", Env: "CLI_SERVER_ADDRESS", Default: "server:12345"},
	{Name: "loop.amount", Env: "CLI_LOOP_AMOUNT", Default: "5"},
	{Name: "loop.period", Env: "CLI_LOOP_PERIOD", Default: "0s"},
	{Name: "log.level", Env: "CLI_LOG_LEVEL", Default: "INFO"},
	{Name: "batch.maxAmount", Env: "CLI_BATCH_MAXAMOUNT", Default: "100"},
	{Name: "mode", Env: "CLI_MODE", Default: string(ModeAgency)},
	{Name: "linger", Env: "CLI_LINGER", Default: "0s"},
	{Name: "data.file", Env: "CLI_DATA_FILE"},
	{Name: "retry.deadline", Env: "CLI_RETRY_DEADLINE", Default: "1m"},
}

// Load reads the file of that path; a missing one is an error only if required,
// that is, if somebody named it. An environment variable that is set but empty
// counts as not set. The error names the key, and the file or the variable.
func Load(path string, required bool) (Config, error) {
	s, err := settings.Read(settings.File{Path: path, Required: required, Format: parseYAML}, keys)
	if err != nil {
		return Config{}, err
	}
	c := Config{
		ID:             s.Checked("id", checkID),
		ServerAddress:  s.Checked("server.address", checkAddress),
		LoopAmount:     int(s.Int("loop.amount", 0, math.MaxInt32)),
		LoopPeriod:     s.Duration("loop.period", 0),
		LoopPeriodText: s.Raw("loop.period"),
		LogLevel:       s.Level("log.level"),
		BatchMaxAmount: int(s.Int("batch.maxAmount", 1, math.MaxUint16)),
		Mode:           Mode(s.Choice("mode", string(ModeAgency), string(ModeBet), string(ModeEcho))),
		Linger:         s.Duration("linger", 0),
		RetryDeadline:  s.Duration("retry.deadline", 0),
	}
	if s.Err() != nil {
		return Config{}, s.Err()
	}
	if err := c.applyMode(s.Explicit("mode")); err != nil {
		return Config{}, err
	}
	if c.Mode != ModeEcho {
		c.Agency = lottery.AgencyID(s.Int("id", 1, math.MaxUint32))
	}
	c.DataFile = dataFile(s, c.Agency)
	if s.Err() != nil {
		return Config{}, s.Err()
	}
	return c, nil
}

// applyMode reads the bet of the environment, which implies mode bet unless the
// mode was set explicitly.
func (c *Config) applyMode(explicit bool) error {
	if explicit && c.Mode != ModeBet {
		return nil
	}
	bet, set, err := betFromEnv()
	if err != nil && (set || explicit) {
		return err
	}
	if set {
		c.Mode, c.Bet = ModeBet, bet
	}
	return nil
}

func dataFile(s *settings.Settings, agency lottery.AgencyID) string {
	if s.Explicit("data.file") {
		return s.Text("data.file")
	}
	if agency == 0 {
		return ""
	}
	return fmt.Sprintf(".data/agency-%d.csv", agency)
}

// checkID checks what holds in every mode; an echo client sends its id in a line.
func checkID(text string) error {
	switch {
	case text == "":
		return errors.New("must be set")
	case strings.ContainsAny(text, "\r\n"):
		return errors.New("must be one line")
	}
	return nil
}

func checkAddress(text string) error {
	host, port, err := net.SplitHostPort(text)
	if err == nil && host != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err == nil && n > 0 {
			return nil
		}
	}
	return errors.New("must be host:port with a port from 1 to 65535")
}
