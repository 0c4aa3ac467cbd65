package settings

import (
	"slices"
	"strings"
	"testing"
)

var keys = []Key{
	{Name: "id", Env: "CLI_ID", Parse: NotEmpty, Help: "número"},
	{Name: "server.address", Env: "CLI_SERVER_ADDRESS", Default: "server:12345", Parse: NotEmpty, Help: "dónde está"},
	{Name: "SERVER_PORT", Env: "SERVER_PORT", Default: "12345", Parse: Int(1, 65535), Help: "puerto"},
}

// The columns are aligned, also after letters of two bytes.
func TestHelp(t *testing.T) {
	want := "" +
		"  id              CLI_ID              —             número\n" +
		"  server.address  CLI_SERVER_ADDRESS  server:12345  dónde está\n"
	if got := Help(keys[:2]); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got, want := Help(keys[2:]), "  SERVER_PORT  12345  puerto\n"; got != want {
		t.Errorf("a key that is its own variable: got %q, want %q", got, want)
	}
}

func TestMisspelled(t *testing.T) {
	for _, tt := range []struct{ variable, meant string }{
		{"CLI_SERVER_ADRESS=a:1", "CLI_SERVER_ADDRESS"},
		{"CLI_SERVER_ADDRES=a:1", "CLI_SERVER_ADDRESS"},
		{"CLI_SERVER_ADDRESSES=a:1", "CLI_SERVER_ADDRESS"},
		{"CLI_SERVERADDRES=a:1", "CLI_SERVER_ADDRESS"},
		{"CLI_ADDRESS=a:1", ""},
		{"CLI_IDS=1", "CLI_ID"},
		{"SERVER_PROT=1", "SERVER_PORT"},
		{"SERVER_Port=1", ""}, // three edits
		{"SERVER_PORT=1", ""},
		{"SERVER_PORTS=", ""}, // as good as not set
		{"SERVER_PORT_12345_TCP=tcp://172.25.125.2:12345", ""},
		{"SERVER_PORT_12345_TCP_PORT=12345", ""},
		{"SERVER_NAME=x", ""},
		{"SERVE_PORT=1", ""}, // may be anybody's
		{"SERVER=1", ""},
		{"PATH=/bin", ""},
		{"=", ""},
	} {
		got := Misspelled([]string{"HOME=/", tt.variable}, keys)
		name, _, _ := strings.Cut(tt.variable, "=")
		var want []string
		if tt.meant != "" {
			want = []string{`environment variable "` + name + `" is not known, did you mean ` + tt.meant + "?"}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", tt.variable, got, want)
		}
	}
}

// A key without a field is an error, and so is a field of a wrong type.
func TestLoadRefusesTheStruct(t *testing.T) {
	for _, k := range keys {
		t.Setenv(k.Env, "1")
	}
	var without struct {
		ID      string `mapstructure:"id"`
		Address string `mapstructure:"server.address"`
	}
	if _, err := Load(File{}, keys, &without); err == nil || !strings.Contains(err.Error(), "SERVER_PORT") {
		t.Errorf("key without a field: %v", err)
	}
	var other struct {
		Port []int `mapstructure:"SERVER_PORT"`
		ID   struct{}
	}
	if _, err := Load(File{}, []Key{keys[0], keys[2]}, &other); err == nil {
		t.Error("a field of another type was filled")
	}
}
