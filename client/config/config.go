// Package config reads the client's settings. An environment variable has priority
// over config.yaml, and config.yaml over the default.
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

// DefaultPath is the configuration file if no flag names one. It may be missing.
const DefaultPath = "./config.yaml"

// Mode is what the client does.
type Mode string

// The modes.
const (
	ModeAgency Mode = "agency" // uploads a data file and asks for its winners
	ModeBet    Mode = "bet"    // sends the one bet of its environment
	ModeEcho   Mode = "echo"   // sends messages and reads them back
)

// Config is the client's validated configuration. Keys has the limits and defaults.
type Config struct {
	ID             string           `mapstructure:"id"` // as it was written
	Agency         lottery.AgencyID // ID as a number; 0 in mode echo, where ID is any text
	ServerAddress  string           `mapstructure:"server.address"` // see ServerAddresses
	LoopAmount     int              `mapstructure:"loop.amount"`
	LoopPeriod     time.Duration    `mapstructure:"loop.period"`
	LoopPeriodText string           // LoopPeriod as it was written
	LogLevel       string           `mapstructure:"log.level"` // as it was written
	BatchMaxAmount int              `mapstructure:"batch.maxAmount"`
	Mode           Mode             `mapstructure:"mode"`
	Linger         time.Duration    `mapstructure:"linger"`
	DataFile       string           `mapstructure:"data.file"`
	RetryDeadline  time.Duration    `mapstructure:"retry.deadline"`
	TLSCA          string           `mapstructure:"tls.ca"` // "" = no TLS
	TLSCert        string           `mapstructure:"tls.cert"`
	TLSKey         string           `mapstructure:"tls.key"`
	TLSServerName  string           `mapstructure:"tls.serverName"` // "" = the host of the address
	Bet            Bet              // only in mode bet
}

// Keys is the table of the settings.
var Keys = []settings.Key{
	{Name: "id", Env: "CLI_ID", Parse: parseID,
		Help: "número de la agencia; en modo echo, cualquier texto"},
	{Name: "server.address", Env: "CLI_SERVER_ADDRESS", Default: "server:12345", Parse: parseAddress,
		Help: "servidor y puerto; de varias centrales, separados por comas"},
	{Name: "loop.amount", Env: "CLI_LOOP_AMOUNT", Default: "5", Parse: settings.Int(0, math.MaxInt32),
		Help: "modo echo: cuántos mensajes"},
	{Name: "loop.period", Env: "CLI_LOOP_PERIOD", Default: "0s", Parse: settings.Duration(0),
		Help: "pausa entre mensajes, o entre batches"},
	{Name: "log.level", Env: "CLI_LOG_LEVEL", Default: "INFO", Parse: settings.Level,
		Help: "DEBUG, INFO, NOTICE, WARNING, ERROR o CRITICAL"},
	{Name: "batch.maxAmount", Env: "CLI_BATCH_MAXAMOUNT", Default: "100", Parse: settings.Int(1, math.MaxUint16),
		Help: "apuestas por batch, de 1 a 65535"},
	{Name: "mode", Env: "CLI_MODE", Default: string(ModeAgency), Parse: settings.Choice(string(ModeAgency), string(ModeBet), string(ModeEcho)),
		Help: "agency, bet (también si están las variables de la apuesta) o echo"},
	{Name: "linger", Env: "CLI_LINGER", Default: "0s", Parse: settings.Duration(0),
		Help: "cuánto seguir vivo después de cerrar todo"},
	{Name: "data.file", Env: "CLI_DATA_FILE", Default: ".data/agency-ID.csv", Parse: settings.NotEmpty,
		Help: "archivo de apuestas de la agencia"},
	{Name: "retry.deadline", Env: "CLI_RETRY_DEADLINE", Default: "1m", Parse: settings.Duration(0),
		Help: "cuánto insistir sin ninguna confirmación nueva"},
	{Name: "tls.ca", Env: "CLI_TLS_CA", Parse: parseText,
		Help: "autoridades del certificado de la central, en PEM; con esta clave se usa TLS"},
	{Name: "tls.cert", Env: "CLI_TLS_CERT", Default: "./certificados/cert.pem", Parse: settings.NotEmpty,
		Help: "certificado de la agencia, en PEM"},
	{Name: "tls.key", Env: "CLI_TLS_KEY", Default: "./certificados/key.pem", Parse: settings.NotEmpty,
		Help: "clave privada de ese certificado"},
	{Name: "tls.serverName", Env: "CLI_TLS_SERVERNAME", Parse: parseText,
		Help: "nombre que debe tener el certificado de la central; sin él, el de server.address"},
}

// Load reads the file and the environment. A missing file is an error only if it is
// required. An empty environment variable counts as not set. The error names the key,
// and the file or the variable.
func Load(path string, required bool) (Config, error) {
	var c Config
	s, err := settings.Load(settings.File{Path: path, Required: required, Parse: parseYAML}, Keys, &c)
	if err != nil {
		return Config{}, err
	}
	c.LoopPeriodText = s.Text("loop.period")
	if err := c.applyMode(s.Explicit("mode")); err != nil {
		return Config{}, err
	}
	if err := c.identify(s); err != nil {
		return Config{}, err
	}
	if err := c.applyTLS(s); err != nil {
		return Config{}, err
	}
	return c, nil
}

// applyMode sets the mode, and for mode bet reads the bet in the environment:
//
//	explicit mode agency or echo         the bet is not read
//	explicit mode bet                    all five variables are required
//	no explicit mode, any variable set   mode bet, all five are required
//	no explicit mode, no variable set    the default mode
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

// identify sets Agency and the default of DataFile. In mode echo Agency stays 0,
// and the default of DataFile is "".
func (c *Config) identify(s *settings.Settings) error {
	if c.Mode != ModeEcho {
		id, err := settings.Int(1, math.MaxUint32)(c.ID)
		if err != nil {
			return s.Invalid("id", err)
		}
		c.Agency = lottery.AgencyID(id.(int64))
	}
	switch {
	case s.Explicit("data.file"):
	case c.Agency == 0:
		c.DataFile = ""
	default:
		c.DataFile = strings.Replace(c.DataFile, "ID", strconv.FormatUint(uint64(c.Agency), 10), 1)
	}
	return nil
}

// applyTLS refuses keys of TLS that would have no effect: without a CA everything would
// travel in clear.
func (c *Config) applyTLS(s *settings.Settings) error {
	if c.TLSCA == "" {
		for _, name := range []string{"tls.cert", "tls.key", "tls.serverName"} {
			if s.Explicit(name) {
				return s.Invalid("tls.ca", fmt.Errorf("must be set, because %s is", name))
			}
		}
		return nil
	}
	return nil
}

// ServerAddresses returns the addresses of the centrals, at least one.
func (c *Config) ServerAddresses() []string { return strings.Split(c.ServerAddress, ",") }

// parseText takes any text, also the empty one.
func parseText(text string) (any, error) { return text, nil }

// parseID refuses an empty id and line breaks: an echo client sends its id inside
// one line.
func parseID(text string) (any, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("must be one line")
	}
	return settings.NotEmpty(text)
}

// parseAddress takes the addresses of one central or of several.
func parseAddress(text string) (any, error) {
	for address := range strings.SplitSeq(text, ",") {
		host, port, err := net.SplitHostPort(address)
		n, portErr := strconv.ParseUint(port, 10, 16)
		if err != nil || host == "" || strings.Contains(address, " ") || portErr != nil || n == 0 {
			return nil, errors.New("must be host:port with a port from 1 to 65535, or several separated by commas, without spaces")
		}
	}
	return text, nil
}
