package shell

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/config"
)

// printPort is a fake docker. Its containers print their port argument.
const printPort = `#!/bin/sh
[ "$1" = run ] || exit 0
while [ "$1" != prueba ]; do shift; done
echo "$3" >&2
`

// TestPortIsTheServers checks that the server and validar-echo-server.sh find the same port
// in a configuration file.
func TestPortIsTheServers(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh on this machine")
	}
	for _, key := range config.Keys {
		t.Setenv(key.Env, "")
	}
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "docker"), []byte(printPort), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	dir := t.TempDir()
	script, err := os.ReadFile("../../../validar-echo-server.sh")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "server", "config.ini")
	if err := os.Mkdir(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "validar-echo-server.sh"), script, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{
		"",
		"SERVER_PORT = 99",
		"[DEFAULT]\nSERVER_PORT=99\n",
		"server_port = 99\n",
		"[DEFAULT]\nServer_Port: 99\n",
		"[DEFAULT]\r\n \t SERVER_PORT\t :\t99 \t\r\n",
		"\ufeffSERVER_PORT = 99\n",
		"\ufeff[DEFAULT]\nSERVER_PORT = 99\n",
		"SERVER_PORT = 00099\n",
		"SERVER_PORT = +99\n",
		"SERVER_PORT = 99\n[DEFAULT]\nSERVER_IP = SERVER_PORT = 7\n",
		"[DEFAULT]\nSERVER_IP = server\n\n[DEFAULT]\nSERVER_PORT = 99\n",
		"[DEFAULT] the only one\nSERVER_PORT = 99\n",
		"# SERVER_PORT = 7\n;SERVER_PORT = 8\n  # SERVER_PORT = 9\nSERVER_PORT = 99\n",
		"SERVER_IP = a\\\nSERVER_PORT = 99\n",
		"SERVER_IP = a\n  SERVER_PORT = 99\n",
		"SERVER_IP = SERVER_PORT: 7\n",
	} {
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		want, err := config.Load(file, true)
		if err != nil {
			t.Fatalf("%q: %v", content, err)
		}
		cmd := exec.Command(shell, filepath.Join(dir, "validar-echo-server.sh"))
		var said strings.Builder
		cmd.Stderr = &said
		if err := cmd.Run(); err != nil || said.String() != strconv.Itoa(want.Port)+"\n" {
			t.Errorf("%q: %v, port %q, want %d", content, err, said.String(), want.Port)
		}
	}
}
