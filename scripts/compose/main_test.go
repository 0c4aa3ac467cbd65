package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
)

func TestParseArgs(t *testing.T) {
	byDefault, err := parseScenario(defaultScenario)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args string
		want options
	}{
		{"0", options{clients: 0, scenario: byDefault, root: "."}},
		{"5", options{clients: 5, scenario: byDefault, root: "."}},
		{"4096", options{clients: 4096, scenario: byDefault, root: "."}},
		{"2 eco", options{clients: 2, scenario: scenarioEcho, root: "."}},
		{"2 ej1", options{clients: 2, scenario: scenarioEcho, root: "."}},
		{"2 ej2", options{clients: 2, scenario: scenarioEcho, root: "."}},
		{"2 ej3", options{clients: 2, scenario: scenarioEcho, root: "."}},
		{"2 ej4", options{clients: 2, scenario: scenarioEcho, root: "."}},
		{"2 apuesta", options{clients: 2, scenario: scenarioBet, root: "."}},
		{"2 ej5", options{clients: 2, scenario: scenarioBet, root: "."}},
		{"2 agencias", options{clients: 2, scenario: scenarioAgencies, root: "."}},
		{"2 ej6", options{clients: 2, scenario: scenarioAgencies, root: "."}},
		{"2 ej7", options{clients: 2, scenario: scenarioAgencies, root: "."}},
		{"2 ej8", options{clients: 2, scenario: scenarioAgencies, root: "."}},
		{"2 --tablero", options{clients: 2, scenario: byDefault, root: ".", board: true}},
		{"2 ej5 --tablero", options{clients: 2, scenario: scenarioBet, root: ".", board: true}},
		{"2 --tls", options{clients: 2, scenario: byDefault, root: ".", tls: true}},
		{"2 --tls ej5 --tablero", options{clients: 2, scenario: scenarioBet, root: ".", board: true, tls: true}},
		{"2 --centrales 3", options{clients: 2, scenario: byDefault, root: ".", centrals: 3}},
		{"2 --centrales 9 ej5 --tablero", options{clients: 2, scenario: scenarioBet, root: ".", board: true, centrals: 9}},
		{"-raiz /a -- 2 --tablero ej1", options{clients: 2, scenario: scenarioEcho, root: "/a", board: true}},
		{"-raiz /a -- 2 eco", options{clients: 2, scenario: scenarioEcho, root: "/a"}},
	}
	for _, test := range tests {
		got, err := parseArgs(strings.Fields(test.args))
		if err != nil || got != test.want {
			t.Errorf("parseArgs(%q) = %+v, %v, want %+v", test.args, got, err, test.want)
		}
	}
}

func TestBadArguments(t *testing.T) {
	for _, args := range []string{
		"", "-1", "-- -1", "+1", "1.5", "1e3", "0x10", "dos", "4097", "99999999999999999999", "1_0",
		"2 ej0", "2 ej9", "2 otro", "2 ECO", "2 eco 3", "-otra 2", "2 --otra", "2 eco --tablero ej1", "--tablero", "--tablero 2", "2 -- eco",
		"2 --centrales", "2 --centrales 1", "2 --centrales 10", "2 --centrales tres", "2 --centrales --tablero", "2 --centrales 3 3",
	} {
		var out, message bytes.Buffer
		if code := run(strings.Fields(args), &out, &message); code != 2 {
			t.Errorf("run(%q) = %d, want 2", args, code)
		}
		if out.Len() != 0 || message.Len() == 0 {
			t.Errorf("run(%q) printed %q and said %q", args, out.String(), message.String())
		}
	}
}

// TestCommittedFile checks that docker-compose-dev.yaml is generated. If it fails, run
// ./generar-compose.sh docker-compose-dev.yaml 5.
func TestCommittedFile(t *testing.T) {
	want, err := os.ReadFile("../../docker-compose-dev.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var got, message bytes.Buffer
	if code := run([]string{"5"}, &got, &message); code != 0 {
		t.Fatal(message.String())
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("docker-compose-dev.yaml differs from what the generator writes for 5 clients")
	}
}

func TestWarnsBeyondOneBridge(t *testing.T) {
	for args, want := range map[string]bool{"1022": false, "1023": true, "1017 --centrales 3": false, "1018 --centrales 3": true} {
		var message bytes.Buffer
		if code := run(strings.Fields(args), io.Discard, &message); code != 0 {
			t.Fatal(message.String())
		}
		if got := message.Len() > 0; got != want {
			t.Errorf("%s: warned: %v, want %v", args, got, want)
		}
	}
}
