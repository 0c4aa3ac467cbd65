package config

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

type vars = map[string]string

func setEnv(t *testing.T, env vars) {
	t.Helper()
	for _, k := range Keys {
		t.Setenv(k.Env, env[k.Env])
	}
	for _, name := range []string{"NOMBRE", "APELLIDO", "DOCUMENTO", "NACIMIENTO", "NUMERO"} {
		t.Setenv(name, env[name])
	}
}

// load loads a file of this content with only the variables of env set.
func load(t *testing.T, content string, env vars) (Config, error) {
	t.Helper()
	setEnv(t, env)
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return Load(path, true)
}

var defaults = Config{
	ID: "1", Agency: 1, ServerAddress: "server:12345", LoopAmount: 5, LoopPeriodText: "0s", LogLevel: "INFO",
	BatchMaxAmount: 100, Mode: ModeAgency, DataFile: ".data/agency-1.csv", RetryDeadline: time.Minute,
	TLSCert: "./certificados/cert.pem", TLSKey: "./certificados/key.pem",
}

func with(change func(*Config)) Config {
	c := defaults
	change(&c)
	return c
}

// suiteFile is what the course's tests write.
const suiteFile = `server:
  address: "server:12346"
loop:
  amount: 3
  period: "1s"
log:
  level: "DEBUG"
batch:
  maxAmount: 64
`

func TestLoad(t *testing.T) {
	one := vars{"CLI_ID": "1"}
	for _, tt := range []struct {
		name, content string
		env           vars
		want          Config
	}{
		{"empty file", "", one, defaults},
		{"only comments", "# nothing\n", one, defaults},
		{"null", "~\n", one, defaults},
		{"sections without keys", "loop:\n#  amount: 1\nlog: {}\n", one, defaults},
		{"of the course's suite", suiteFile, one, with(func(c *Config) {
			c.ServerAddress, c.LoopAmount, c.LogLevel, c.BatchMaxAmount = "server:12346", 3, "DEBUG", 64
			c.LoopPeriod, c.LoopPeriodText = time.Second, "1s"
		})},
		{"environment beats file", suiteFile, vars{"CLI_ID": "1", "CLI_SERVER_ADDRESS": "a:1", "CLI_LOOP_AMOUNT": "0",
			"CLI_LOOP_PERIOD": "1500ms", "CLI_LOG_LEVEL": "info", "CLI_BATCH_MAXAMOUNT": "65535", "CLI_MODE": "agency",
			"CLI_LINGER": "2s", "CLI_DATA_FILE": "/x.csv", "CLI_RETRY_DEADLINE": "5s",
			"CLI_TLS_CA": "ca", "CLI_TLS_CERT": "c", "CLI_TLS_KEY": "k", "CLI_TLS_SERVERNAME": "n"},
			Config{ID: "1", Agency: 1, ServerAddress: "a:1", LoopAmount: 0, LoopPeriod: 1500 * time.Millisecond,
				LoopPeriodText: "1500ms", LogLevel: "info", BatchMaxAmount: 65535, Mode: ModeAgency,
				Linger: 2 * time.Second, DataFile: "/x.csv", RetryDeadline: 5 * time.Second,
				TLSCA: "ca", TLSCert: "c", TLSKey: "k", TLSServerName: "n"}},
		{"every key in the file", "id: 4294967295\nserver: {address: '[::1]:9'}\nmode: agency\nlinger: 1s\ndata: {file: d.csv}\nretry: {deadline: 0s}\n", nil,
			with(func(c *Config) {
				c.ID, c.Agency, c.ServerAddress, c.Linger, c.DataFile, c.RetryDeadline = "4294967295", 4294967295, "[::1]:9", time.Second, "d.csv", 0
			})},
		{"a CA turns TLS on", "id: 1\nserver: {address: '[::1]:9'}\ntls: {ca: a}\n", nil,
			with(func(c *Config) { c.ServerAddress, c.TLSCA = "[::1]:9", "a" })},
		{"several centrals", "id: 1\n", vars{"CLI_SERVER_ADDRESS": "a:1,[::1]:2"},
			with(func(c *Config) { c.ServerAddress = "a:1,[::1]:2" })},
		{"TLS in the file", "id: 1\ntls: {ca: a, cert: c, key: k, serverName: n}\n", nil,
			with(func(c *Config) { c.TLSCA, c.TLSCert, c.TLSKey, c.TLSServerName = "a", "c", "k", "n" })},
		// What YAML makes of these: 8, 255, 1e3, true, a sum in base 60, a day.
		{"text that looks octal", "id: 010\n", nil, with(func(c *Config) { c.ID, c.Agency, c.DataFile = "010", 10, ".data/agency-10.csv" })},
		{"period zero", "id: 1\nloop: {period: 0}\n", nil, with(func(c *Config) { c.LoopPeriodText = "0" })},
		{"period is kept as written", "id: 1\nloop: {period: 60s}\n", nil,
			with(func(c *Config) { c.LoopPeriod, c.LoopPeriodText = time.Minute, "60s" })},
		{"capitals do not matter", "ID: 1\nBatch: {maxamount: 7}\n", nil, with(func(c *Config) { c.BatchMaxAmount = 7 })},
		{"dotted keys", "id: 1\nloop.amount: 9\n", nil, with(func(c *Config) { c.LoopAmount = 9 })},
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

func TestEchoIDIsAnyText(t *testing.T) {
	for _, id := range []string{"0x1f", "true", "2001-01-01", "1:30", "1e3", "-5", "a | b", "Ñ", "0"} {
		c, err := load(t, "mode: echo\nid: "+id+"\n", nil)
		if err != nil || c.ID != id || c.Agency != 0 || c.DataFile != "" || c.Mode != ModeEcho {
			t.Errorf("id %s: %+v, %v", id, c, err)
		}
	}
}

func TestMode(t *testing.T) {
	bet := vars{"NOMBRE": "Santiago Lionel", "APELLIDO": "Lorca", "DOCUMENTO": "030904465", "NACIMIENTO": "1999-03-17", "NUMERO": "7574"}
	whole := Bet{"Santiago Lionel", "Lorca", "030904465", "1999-03-17", "7574"}
	env := func(more vars, drop ...string) vars {
		all := vars{"CLI_ID": "1"}
		for _, m := range []vars{bet, more} {
			for k, v := range m {
				all[k] = v
			}
		}
		for _, k := range drop {
			delete(all, k)
		}
		return all
	}
	none := vars{"CLI_ID": "1", "CLI_MODE": "bet"}
	for _, tt := range []struct {
		name, content string
		env           vars
		mode          Mode
		bet           Bet
		err           string
	}{
		{"bet variables", "", env(nil), ModeBet, whole, ""},
		{"and explicitly", "mode: bet", env(nil), ModeBet, whole, ""},
		{"file says agency", "mode: agency", env(nil), ModeAgency, Bet{}, ""},
		{"environment says echo", "mode: bet", env(vars{"CLI_MODE": "echo"}, "NUMERO"), ModeEcho, Bet{}, ""},
		{"some are missing", "", env(nil, "NOMBRE", "NUMERO"), "", Bet{}, "lacks NOMBRE, NUMERO"},
		{"one is empty", "", env(vars{"DOCUMENTO": ""}), "", Bet{}, "lacks DOCUMENTO"},
		{"all are missing", "", none, "", Bet{}, "lacks NOMBRE, APELLIDO, DOCUMENTO, NACIMIENTO, NUMERO"},
		{"unknown mode", "mode: Echo", env(nil), "", Bet{}, "mode: must be one of agency, bet, echo"},
		{"bet needs an agency", "", env(vars{"CLI_ID": "x"}), "", Bet{}, "id: must be an integer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := load(t, tt.content, tt.env)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil || c.Mode != tt.mode || c.Bet != tt.bet {
				t.Errorf("got %v %+v, %v", c.Mode, c.Bet, err)
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, content string
		env           vars
		want          []string // parts of the error
	}{
		{"not YAML", "server: [\n", nil, []string{"config.yaml", "yaml: line"}},
		{"a list", "- id\n", nil, []string{"config.yaml", "keys with values"}},
		{"two documents", "id: 1\n---\nid: 2\n", nil, []string{"more than one document"}},
		{"unknown key", "idd: 1\n", nil, []string{"idd: unknown key (line 1)"}},
		{"TLS without a CA", "id: 1\ntls: {cert: c}\n", nil, []string{"tls.ca: must be set, because tls.cert is", "CLI_TLS_CA"}},
		{"a name without a CA", "id: 1\n", vars{"CLI_TLS_SERVERNAME": "n"}, []string{"tls.ca: must be set, because tls.serverName is"}},
		{"no key", "id: 1\ntls: {ca: a, key: }\n", nil, []string{"tls.key: must be set"}},
		{"unknown nested key", "id: 1\nserver:\n  adress: a:1\n", nil, []string{"server.adress: unknown key (line 3)"}},
		{"nested too deep", "id: {x: 1}\n", nil, []string{"id.x: unknown key"}},
		{"key is a number", "1: x\n", nil, []string{"1: unknown key"}},
		{"key is a list", "? [a]\n: x\n", nil, []string{"line 1", "a key must be text"}},
		{"section with a value", "server: a:1\n", nil, []string{"server: unknown key"}},
		{"twice", "id: 1\nid: 2\n", nil, []string{"id: appears twice (line 2)"}},
		{"section twice", "loop: {amount: 1}\nloop: {amount: 1}\n", nil, []string{"loop.amount: appears twice"}},
		{"twice but for case", "batch: {maxAmount: 1, maxamount: 1}\n", nil, []string{"batch.maxamount: appears twice"}},
		{"a list of values", "id: [1]\n", nil, []string{"id: must be a single value"}},
		{"an alias", "id: &a 1\nlinger: *a\n", nil, []string{"linger: must be a single value"}},
		{"no id", "", nil, []string{"id: must be set", "CLI_ID"}},
		{"empty id", "id:\n", nil, []string{"id: must be set", "config.yaml"}},
		{"id of two lines", "mode: echo\nid: |\n  a\n  b\n", nil, []string{"id: must be one line"}},
		{"id zero", "id: 0\n", nil, []string{"id: must be an integer from 1 to 4294967295", `"0"`}},
		{"id too large", "id: 1\n", vars{"CLI_ID": "4294967296"}, []string{`"4294967296"`, "environment variable CLI_ID"}},
		{"id with underscore", "id: 1_0\n", nil, []string{`"1_0"`}},
		{"address", "id: 1\nserver: {address: server}\n", nil, []string{"server.address: must be host:port", `"server"`}},
		{"addresses with a blank", "id: 1\nserver: {address: 'a:1, b:1'}\n", nil, []string{"server.address", "without spaces"}},
		{"an empty address", "id: 1\nserver: {address: 'a:1,'}\n", nil, []string{"server.address"}},
		{"address without host", "id: 1\nserver: {address: ':1'}\n", nil, []string{"server.address"}},
		{"address without port", "id: 1\n", vars{"CLI_SERVER_ADDRESS": "a:"}, []string{"server.address", "CLI_SERVER_ADDRESS"}},
		{"amount", "id: 1\nloop: {amount: -1}\n", nil, []string{"loop.amount"}},
		{"amount fraction", "id: 1\nloop: {amount: 1e3}\n", nil, []string{"loop.amount", `"1e3"`}},
		{"period without unit", "id: 1\nloop: {period: 5}\n", nil, []string{"loop.period", `"5"`}},
		{"period negative", "id: 1\nloop: {period: -1s}\n", nil, []string{"loop.period", `"-1s"`}},
		{"period base 60", "id: 1\nloop: {period: 1:30}\n", nil, []string{"loop.period", `"1:30"`}},
		{"level", "id: 1\nlog: {level: 10}\n", nil, []string{"log.level", "DEBUG"}},
		{"batch zero", "id: 1\nbatch: {maxAmount: 0}\n", nil, []string{"batch.maxAmount: must be an integer from 1 to 65535"}},
		{"batch too large", "id: 1\n", vars{"CLI_BATCH_MAXAMOUNT": "65536"}, []string{"batch.maxAmount", "CLI_BATCH_MAXAMOUNT"}},
		{"linger", "id: 1\nlinger: -1s\n", nil, []string{"linger"}},
		{"deadline", "id: 1\nretry: {deadline: never}\n", nil, []string{"retry.deadline"}},
		{"empty data file", "id: 1\ndata: {file: ''}\n", nil, []string{"data.file: must be set"}},
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

func TestLoadMissingFile(t *testing.T) {
	setEnv(t, vars{"CLI_ID": "1"})
	t.Setenv("CLI_UNKNOWN", "is nobody's")
	missing := filepath.Join(t.TempDir(), "none.yaml")
	if c, err := Load(missing, false); err != nil || c != defaults {
		t.Errorf("missing default file: %+v, %v", c, err)
	}
	if _, err := Load(missing, true); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("missing file that was asked for: %v", err)
	}
}

// The committed file holds the defaults.
func TestCommittedFile(t *testing.T) {
	setEnv(t, vars{"CLI_ID": "1"})
	if c, err := Load("../config.yaml", true); err != nil || c != defaults {
		t.Errorf("got  %+v, %v\nwant %+v", c, err, defaults)
	}
}

// The committed file mentions every key with its default. A key that it does not set is
// in a comment without a space after the #. Without the # that line is valid.
func TestCommittedFileMentionsEveryKey(t *testing.T) {
	content, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := parseYAML(regexp.MustCompile(`(?m)^#(\w|  )`).ReplaceAll(content, []byte("$1")))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range entries {
		got[e.Name] = e.Value
	}
	examples := map[string]string{"id": "1", "tls.ca": "./certificados/ca.pem", "tls.serverName": "server"} // of what has no default
	want := map[string]string{}
	for _, k := range Keys {
		want[k.Name] = cmp.Or(k.Default, examples[k.Name])
	}
	if !maps.Equal(got, want) || len(entries) != len(got) {
		t.Errorf("config.yaml mentions\n%v, want\n%v", entries, want)
	}
}

// README.md shows the same keys, variables and defaults.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, row := range regexp.MustCompile("(?m)^\\| `[\\w.]+` \\| `CLI_\\w+` \\| [^|]+ \\|").FindAll(readme, -1) {
		got = append(got, string(row))
	}
	for _, k := range Keys {
		want = append(want, fmt.Sprintf("| `%s` | `%s` | %s |", k.Name, k.Env, cmp.Or(k.Default, "—")))
	}
	if !slices.Equal(got, want) {
		t.Errorf("README.md says\n%q, want\n%q", got, want)
	}
}

func FuzzParseYAML(f *testing.F) {
	f.Add([]byte(suiteFile))
	f.Add([]byte("a: &x {b: *x}\n? [k]\n: 1"))
	f.Fuzz(func(t *testing.T, content []byte) {
		_, _ = parseYAML(content) // must not panic
	})
}
