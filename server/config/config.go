// Package config reads the server's settings: environment variables before
// config.ini before defaults.
package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/settings"
)

// DefaultPath is the file that is read, if it exists, when no flag names one.
const DefaultPath = "./config.ini"

// Config is the server's validated configuration; Keys says more of each value.
type Config struct {
	Port           int           `mapstructure:"SERVER_PORT"`
	IP             string        `mapstructure:"SERVER_IP"`
	ListenBacklog  int           `mapstructure:"SERVER_LISTEN_BACKLOG"`
	LoggingLevel   string        `mapstructure:"LOGGING_LEVEL"` // as it was written
	Agencies       int           `mapstructure:"SERVER_AGENCIES"`
	Storage        string        `mapstructure:"SERVER_STORAGE"`
	StorageSync    bool          `mapstructure:"SERVER_STORAGE_SYNC"`
	PublishDelay   time.Duration `mapstructure:"SERVER_PUBLISH_DELAY"`
	HelloTimeout   time.Duration `mapstructure:"SERVER_HELLO_TIMEOUT"`
	IdleTimeout    time.Duration `mapstructure:"SERVER_IDLE_TIMEOUT"`
	MaxConnections int           `mapstructure:"SERVER_MAX_CONNECTIONS"`
	MaxHellos      int           `mapstructure:"SERVER_MAX_HELLOS"`
	MaxBets        int           `mapstructure:"SERVER_MAX_BETS"`
	TLS            string        `mapstructure:"SERVER_TLS"` // TLSOff or TLSRequired
	TLSCert        string        `mapstructure:"SERVER_TLS_CERT"`
	TLSKey         string        `mapstructure:"SERVER_TLS_KEY"`
	TLSCA          string        `mapstructure:"SERVER_TLS_CA"`
	AdminAddress   string        `mapstructure:"SERVER_ADMIN_ADDRESS"` // empty: no admin port
	AdminPprof     bool          `mapstructure:"SERVER_ADMIN_PPROF"`
	Cluster        string        `mapstructure:"SERVER_CLUSTER"`         // see ClusterServers; empty: this process alone
	ClusterMonitor string        `mapstructure:"SERVER_CLUSTER_MONITOR"` // see ClusterMonitors
}

// The values of SERVER_TLS.
const (
	TLSOff      = "off"      // agencies prove nothing
	TLSRequired = "required" // agencies prove who they are
)

// Keys is the table of the settings. Their environment variables have the names
// of the keys.
var Keys = []settings.Key{
	key("SERVER_PORT", "12345", settings.Int(1, math.MaxUint16), "puerto en el que escucha, en todas las interfaces"),
	key("SERVER_IP", "server", settings.NotEmpty, "nombre por el que también responde el tablero"),
	key("SERVER_LISTEN_BACKLOG", "5", settings.Int(0, math.MaxUint16), "conexiones que esperan a ser aceptadas"),
	key("LOGGING_LEVEL", "INFO", settings.Level, "DEBUG, INFO, NOTICE, WARNING, ERROR o CRITICAL"),
	key("SERVER_AGENCIES", "5", settings.Int(0, math.MaxInt32), "agencias, con ids 1 a N, que espera el sorteo; 0: no atiende a ninguna"),
	key("SERVER_STORAGE", "./bets.csv", settings.NotEmpty, "archivo de las apuestas; el journal queda a su lado"),
	key("SERVER_STORAGE_SYNC", "true", settings.Bool, "una apuesta confirmada está en el disco (fsync)"),
	key("SERVER_PUBLISH_DELAY", "0s", settings.Duration(0), "pausa entre el log del sorteo y la entrega de los resultados"),
	key("SERVER_HELLO_TIMEOUT", "5s", settings.Duration(time.Millisecond), "plazo de los primeros bytes y del saludo"),
	key("SERVER_IDLE_TIMEOUT", "10m", settings.Duration(time.Millisecond), "plazo entre frames mientras la agencia sube"),
	key("SERVER_MAX_CONNECTIONS", "4096", settings.Int(1, math.MaxInt32), "conexiones abiertas a la vez"),
	key("SERVER_MAX_HELLOS", "0", settings.Int(0, math.MaxInt32), "saludos por segundo de una misma dirección; 0: sin límite"),
	key("SERVER_MAX_BETS", "0", settings.Int(0, math.MaxInt64), "apuestas que se guardan de una agencia; 0: sin límite"),
	key("SERVER_TLS", TLSOff, settings.Choice(TLSOff, TLSRequired), "off, o required: cada agencia demuestra quién es"),
	key("SERVER_TLS_CERT", "./certificados/cert.pem", settings.NotEmpty, "certificado de la central, en PEM"),
	key("SERVER_TLS_KEY", "./certificados/key.pem", settings.NotEmpty, "clave privada de ese certificado"),
	key("SERVER_TLS_CA", "./certificados/ca.pem", settings.NotEmpty, "autoridades de los certificados de las agencias"),
	key("SERVER_ADMIN_ADDRESS", "", adminAddress, "HOST:PUERTO del tablero, las métricas y la salud; sin él no hay"),
	key("SERVER_ADMIN_PPROF", "false", settings.Bool, "agrega pprof; solo en una dirección de loopback"),
	key("SERVER_CLUSTER", "", urls("nats://nats1:4222", natsPort, "nats", "tls"), "servidores NATS con las apuestas, si hay varias centrales; sin ellos las guarda esta sola"),
	key("SERVER_CLUSTER_MONITOR", "", urls("http://nats1:8222", monitorPort, "http", "https"), "puertos de monitoreo de esos servidores; sin valor, el 8222 de cada uno"),
}

func key(name, value string, parse settings.Parser, help string) settings.Key {
	return settings.Key{Name: name, Env: name, Default: value, Parse: parse, Help: help}
}

// Load reads the file of that path; a missing one is an error only if required,
// that is, if somebody named it. An environment variable that is set but empty
// counts as not set. The error names the key, and the file or the variable.
func Load(path string, required bool) (Config, error) {
	var c Config
	read, err := settings.Load(settings.File{Path: path, Required: required, Parse: parseINI}, Keys, &c)
	if err == nil && c.AdminPprof && !loopback(c.AdminAddress) {
		err = read.Invalid("SERVER_ADMIN_PPROF", fmt.Errorf("needs an address of loopback in SERVER_ADMIN_ADDRESS, which is %q", c.AdminAddress))
	}
	if err != nil {
		return Config{}, err
	}
	return c, nil
}

// adminAddress takes the address of a TCP listener, or none. Without a host it means
// all interfaces.
func adminAddress(text string) (any, error) {
	if text == "" {
		return text, nil
	}
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = settings.Int(1, math.MaxUint16)(port)
	}
	if err != nil {
		return nil, errors.New("must be an address such as 127.0.0.1:12346 or :12346")
	}
	return text, nil
}

// loopback returns whether only this machine reaches an address.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip, notIP := netip.ParseAddr(host)
	return err == nil && (host == "localhost" || notIP == nil && ip.IsLoopback())
}
