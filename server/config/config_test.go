package config

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/settings"
)

// load loads a file of this content with only the variables of env set.
func load(t *testing.T, content string, env map[string]string) (Config, error) {
	t.Helper()
	for _, k := range Keys {
		t.Setenv(k.Env, env[k.Env])
	}
	path := filepath.Join(t.TempDir(), "config.ini")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return Load(path, true)
}

var defaults = Config{
	Port: 12345, IP: "server", ListenBacklog: 5, LoggingLevel: "INFO", Agencies: 5,
	Storage: "./bets.csv", StorageSync: true, PublishDelay: 0,
	HelloTimeout: 5 * time.Second, IdleTimeout: 10 * time.Minute, MaxConnections: 4096,
	TLS: TLSOff, TLSCert: "./certificados/cert.pem", TLSKey: "./certificados/key.pem", TLSCA: "./certificados/ca.pem",
}

func file(line string) string { return "[DEFAULT]\n" + line + "\n" }

func TestLoad(t *testing.T) {
	with := func(change func(*Config)) Config {
		c := defaults
		change(&c)
		return c
	}
	for _, tt := range []struct {
		name, content string
		env           map[string]string
		want          Config
	}{
		{"empty file", "", nil, defaults},
		{"skeleton", "[DEFAULT]\nSERVER_PORT = 12346\nSERVER_IP = server\nSERVER_LISTEN_BACKLOG = 6\nLOGGING_LEVEL = DEBUG\n", nil,
			with(func(c *Config) { c.Port, c.ListenBacklog, c.LoggingLevel = 12346, 6, "DEBUG" })},
		{"environment beats file", "[DEFAULT]\nSERVER_PORT=1\nSERVER_AGENCIES=2\n", map[string]string{"SERVER_PORT": "2"},
			with(func(c *Config) { c.Port, c.Agencies = 2, 2 })},
		{"every key in the environment", "[DEFAULT]\nSERVER_PORT = x\n", map[string]string{
			"SERVER_PORT": "1", "SERVER_IP": "h", "SERVER_LISTEN_BACKLOG": "1024", "LOGGING_LEVEL": "warning",
			"SERVER_AGENCIES": "0", "SERVER_STORAGE": "/data/bets.csv", "SERVER_STORAGE_SYNC": "False",
			"SERVER_PUBLISH_DELAY": "1s", "SERVER_HELLO_TIMEOUT": "100ms", "SERVER_IDLE_TIMEOUT": "1h", "SERVER_MAX_CONNECTIONS": "7",
			"SERVER_MAX_HELLOS": "8", "SERVER_MAX_BETS": "9", "SERVER_TLS": "required",
			"SERVER_TLS_CERT": "c", "SERVER_TLS_KEY": "k", "SERVER_TLS_CA": "a",
			"SERVER_ADMIN_ADDRESS": "[::1]:9", "SERVER_ADMIN_PPROF": "on",
			"SERVER_CLUSTER": "nats://a", "SERVER_CLUSTER_MONITOR": "http://a:1",
		}, Config{1, "h", 1024, "warning", 0, "/data/bets.csv", false, time.Second, 100 * time.Millisecond, time.Hour, 7, 8, 9, TLSRequired, "c", "k", "a", "[::1]:9", true, "nats://a:4222", "http://a:1"}},
		{"every key in the file", "[DEFAULT]\nSERVER_PORT = 1\nSERVER_IP = h\nSERVER_LISTEN_BACKLOG = 1024\nLOGGING_LEVEL = warning\n" +
			"SERVER_AGENCIES = 0\nSERVER_STORAGE = /data/bets.csv\nSERVER_STORAGE_SYNC = False\nSERVER_PUBLISH_DELAY = 1s\n" +
			"SERVER_HELLO_TIMEOUT = 100ms\nSERVER_IDLE_TIMEOUT = 1h\nSERVER_MAX_CONNECTIONS = 7\n" +
			"SERVER_MAX_HELLOS = 8\nSERVER_MAX_BETS = 9\nSERVER_TLS = required\nSERVER_TLS_CERT = c\nSERVER_TLS_KEY = k\nSERVER_TLS_CA = a\n" +
			"SERVER_ADMIN_ADDRESS = localhost:9\nSERVER_ADMIN_PPROF = true\n" +
			"SERVER_CLUSTER = tls://u:p@a:1,nats://[::1]\nSERVER_CLUSTER_MONITOR = https://a,http://b:2\n", nil,
			Config{1, "h", 1024, "warning", 0, "/data/bets.csv", false, time.Second, 100 * time.Millisecond, time.Hour, 7, 8, 9, TLSRequired, "c", "k", "a", "localhost:9", true,
				"tls://u:p@a:1,nats://[::1]:4222", "https://a:8222,http://b:2"}},
		{"admin on all interfaces", file("SERVER_ADMIN_ADDRESS = :12346"), nil, with(func(c *Config) { c.AdminAddress = ":12346" })},
		{"spelling of Python's configparser", "\ufeff# c\r\n; c\r\n[DEFAULT]\r\nserver_port: 99\r\nSERVER_STORAGE = a\\\r\nSERVER_IP=\"q#r\"\r\n", nil,
			with(func(c *Config) { c.Port, c.Storage, c.IP = 99, `a\`, `"q#r"` })},
		{"no header", "SERVER_STORAGE_SYNC = no", nil, with(func(c *Config) { c.StorageSync = false })},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := load(t, tt.content, tt.env)
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, content string
		env           map[string]string
		want          []string // parts of the error
	}{
		{"not INI", file("SERVER_PORT"), nil, []string{"config.ini", "not INI", "SERVER_PORT"}},
		{"unclosed section", "[DEFAULT\n", nil, []string{"config.ini", "not INI"}},
		{"unknown key", file("SERVER_PROT = 1"), nil, []string{"config.ini", "SERVER_PROT: unknown key"}},
		{"unknown section", "[server]\nSERVER_PORT = 1\n", nil, []string{"config.ini", "[server]"}},
		{"key twice", file("SERVER_PORT = 1\nserver_port = 1"), nil, []string{"SERVER_PORT: appears twice"}},
		{"empty value", file("SERVER_PORT ="), nil, []string{"SERVER_PORT", `not ""`, "config.ini"}},
		{"inline comment", file("SERVER_STORAGE = b.csv ; here"), nil, []string{"SERVER_STORAGE", "comment"}},
		{"port in file", file("SERVER_PORT = 65536"), nil, []string{"SERVER_PORT", "1 to 65535", `"65536"`, "config.ini"}},
		{"port in environment", file("SERVER_PORT = 1"), map[string]string{"SERVER_PORT": "0"}, []string{"SERVER_PORT", `"0"`, "environment variable SERVER_PORT"}},
		{"port hexadecimal", file("SERVER_PORT = 0x10"), nil, []string{"SERVER_PORT"}},
		{"port fraction", file("SERVER_PORT = 1.0"), nil, []string{"SERVER_PORT"}},
		{"port overflows", file("SERVER_PORT = 18446744073709551617"), nil, []string{"SERVER_PORT"}},
		{"backlog", file("SERVER_LISTEN_BACKLOG = -1"), nil, []string{"SERVER_LISTEN_BACKLOG"}},
		{"level", file("LOGGING_LEVEL = LOUD"), nil, []string{"LOGGING_LEVEL", "DEBUG", `"LOUD"`}},
		{"agencies", file("SERVER_AGENCIES = -1"), nil, []string{"SERVER_AGENCIES"}},
		{"sync", file("SERVER_STORAGE_SYNC = maybe"), nil, []string{"SERVER_STORAGE_SYNC", "true or false"}},
		{"delay without unit", file("SERVER_PUBLISH_DELAY = 1"), nil, []string{"SERVER_PUBLISH_DELAY", "100ms"}},
		{"delay negative", file("SERVER_PUBLISH_DELAY = -1s"), nil, []string{"SERVER_PUBLISH_DELAY"}},
		{"hello", file("SERVER_HELLO_TIMEOUT = 0s"), nil, []string{"SERVER_HELLO_TIMEOUT"}},
		{"idle", file("SERVER_IDLE_TIMEOUT = soon"), nil, []string{"SERVER_IDLE_TIMEOUT"}},
		{"admin without port", file("SERVER_ADMIN_ADDRESS = localhost"), nil, []string{"SERVER_ADMIN_ADDRESS", "127.0.0.1:12346"}},
		{"cluster without scheme", file("SERVER_CLUSTER = nats1:4222"), nil, []string{"SERVER_CLUSTER", "nats://nats1:4222"}},
		{"cluster with a blank", file("SERVER_CLUSTER = nats://a, nats://b"), nil, []string{"SERVER_CLUSTER", "without spaces"}},
		{"cluster with a folder", file("SERVER_CLUSTER = nats://a/b"), nil, []string{"SERVER_CLUSTER"}},
		{"an empty server of the cluster", file("SERVER_CLUSTER = nats://a,"), nil, []string{"SERVER_CLUSTER"}},
		{"monitor of another scheme", "", map[string]string{"SERVER_CLUSTER_MONITOR": "nats://a"}, []string{"SERVER_CLUSTER_MONITOR", "http://nats1:8222"}},
		{"admin port", file("SERVER_ADMIN_ADDRESS = :0"), nil, []string{"SERVER_ADMIN_ADDRESS"}},
		{"pprof without admin", file("SERVER_ADMIN_PPROF = true"), nil, []string{"SERVER_ADMIN_PPROF", "loopback", "config.ini"}},
		{"pprof for all", file("SERVER_ADMIN_ADDRESS = :9\nSERVER_ADMIN_PPROF = true"), nil, []string{"SERVER_ADMIN_PPROF", "loopback", `":9"`}},
		{"pprof for a network", file("SERVER_ADMIN_PPROF = true"), map[string]string{"SERVER_ADMIN_ADDRESS": "10.0.0.1:9"}, []string{"SERVER_ADMIN_PPROF", "loopback"}},
		{"connections", file("SERVER_MAX_CONNECTIONS = 0"), nil, []string{"SERVER_MAX_CONNECTIONS"}},
		{"hellos", file("SERVER_MAX_HELLOS = -1"), nil, []string{"SERVER_MAX_HELLOS"}},
		{"bets", file("SERVER_MAX_BETS = many"), nil, []string{"SERVER_MAX_BETS"}},
		{"optional TLS", file("SERVER_TLS = optional"), nil, []string{"SERVER_TLS", "off, required"}},
		{"no certificate", file("SERVER_TLS_CERT ="), nil, []string{"SERVER_TLS_CERT", "must be set"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := load(t, tt.content, tt.env)
			if err == nil {
				t.Fatalf("accepted as %+v", c)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
		})
	}
}

func TestLoadFile(t *testing.T) {
	for _, k := range Keys {
		t.Setenv(k.Env, "")
	}
	t.Setenv("SERVER_UNKNOWN", "is nobody's")
	missing := filepath.Join(t.TempDir(), "none.ini")
	if c, err := Load(missing, false); err != nil || c != defaults {
		t.Errorf("missing default file: %+v, %v", c, err)
	}
	if _, err := Load(missing, true); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("missing file that was asked for: %v", err)
	}
	if _, err := Load(t.TempDir(), false); err == nil {
		t.Error("a folder was read as a file")
	}
	unreadable := filepath.Join(t.TempDir(), "config.ini")
	if err := os.WriteFile(unreadable, nil, 0o000); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Open(unreadable); err == nil {
		f.Close()
		t.Skip("this user reads everything")
	}
	if _, err := Load(unreadable, false); err == nil || !strings.Contains(err.Error(), "chmod a+r "+unreadable) {
		t.Errorf("unreadable file: %v", err)
	}
}

// The committed file carries the defaults.
func TestCommittedFile(t *testing.T) {
	for _, k := range Keys {
		t.Setenv(k.Env, "")
	}
	if c, err := Load("../config.ini", true); err != nil || c != defaults {
		t.Errorf("got  %+v, %v\nwant %+v", c, err, defaults)
	}
}

// It sets every key, in the order of the table.
func TestCommittedFileSetsEveryKey(t *testing.T) {
	content, err := os.ReadFile("../config.ini")
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseINI(content)
	var want []settings.Entry
	for _, k := range Keys {
		want = append(want, settings.Entry{Name: k.Name, Value: k.Default})
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("config.ini sets\n%v, %v, want\n%v", got, err, want)
	}
}

// README.md shows the same table.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(?:SERVER|LOGGING)_\\w+` \\| [^|]+ \\|").FindAll(readme, -1) {
		got = append(got, string(row))
	}
	for _, k := range Keys {
		want = append(want, fmt.Sprintf("| `%s` | %s |", k.Name, cmp.Or(k.Default, "—")))
	}
	if !slices.Equal(got, want) {
		t.Errorf("README.md says\n%q, want\n%q", got, want)
	}
}

func FuzzParseINI(f *testing.F) {
	f.Add([]byte("# c\n[DEFAULT]\nSERVER_PORT = 12345\nSERVER_IP: server\n"))
	f.Add([]byte("[DEFAULT]\n\"k = `v\n\"\"\"\n- = 1"))
	f.Fuzz(func(t *testing.T, content []byte) {
		_, _ = parseINI(content) // must not panic
	})
}

func TestClusterMonitors(t *testing.T) {
	for _, tt := range []struct {
		config Config
		want   []string
	}{
		{Config{}, nil},
		{Config{Cluster: "nats://u:p@a:1,tls://[::1]:4222"}, []string{"http://a:8222", "http://[::1]:8222"}},
		{Config{Cluster: "nats://a:1", ClusterMonitor: "http://x:1,https://y:2"}, []string{"http://x:1", "https://y:2"}},
	} {
		if got := tt.config.ClusterMonitors(); !slices.Equal(got, tt.want) {
			t.Errorf("%+v: %q, want %q", tt.config, got, tt.want)
		}
	}
}
