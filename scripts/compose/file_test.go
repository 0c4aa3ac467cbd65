package main

import (
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

type logSettings struct {
	Driver  string
	Options struct {
		MaxSize string `yaml:"max-size"`
		MaxFile any    `yaml:"max-file"` // the engine accepts only a string
	}
}

// healthcheck knows the keys that Engine 20.10 and Compose v2.20 know, and no other.
type healthcheck struct {
	Test              []string
	Interval, Timeout time.Duration
	StartPeriod       time.Duration `yaml:"start_period"`
	Retries           int
}

// networks are a service's networks, each with the aliases that the service has there.
type networks map[string][]string

// UnmarshalYAML reads a list of networks, or a mapping with their aliases.
func (n *networks) UnmarshalYAML(node *yaml.Node) error {
	*n = make(networks)
	if node.Kind == yaml.SequenceNode {
		for _, name := range node.Content {
			(*n)[name.Value] = nil
		}
		return nil
	}
	var settings map[string]struct{ Aliases []string }
	if err := node.Decode(&settings); err != nil {
		return err
	}
	for name, s := range settings {
		(*n)[name] = s.Aliases
	}
	return nil
}

// parsed is the generated file as Compose reads it.
type parsed struct {
	Version  any
	Name     string
	Services map[string]struct {
		ContainerName string `yaml:"container_name"`
		Image         string
		Entrypoint    any
		Command       any
		Restart       string
		Ports         []string
		Healthcheck   *healthcheck
		DependsOn     []string `yaml:"depends_on"`
		Environment   []string
		Volumes       []struct {
			Type, Source, Target string
			ReadOnly             bool `yaml:"read_only"`
			Bind                 struct {
				CreateHostPath *bool `yaml:"create_host_path"`
			}
		}
		Networks    networks
		ReadOnly    bool `yaml:"read_only"`
		Logging     logSettings
		CapDrop     []string `yaml:"cap_drop"`
		SecurityOpt []string `yaml:"security_opt"`
	}
	Volumes  map[string]any
	Networks map[string]struct {
		IPAM struct {
			Driver string
			Config []struct{ Subnet string }
		}
	}
}

func parse(t *testing.T, o options) (parsed, string) {
	t.Helper()
	text, err := o.render()
	if err != nil {
		t.Fatal(err)
	}
	var file parsed
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return file, string(text)
}

func everyScenario(t *testing.T, test func(t *testing.T, o options)) {
	for _, s := range []scenario{scenarioEcho, scenarioBet, scenarioAgencies} {
		for _, n := range []int{0, 1, 2, 5, 20} {
			t.Run(fmt.Sprint(s, n), func(t *testing.T) { test(t, options{clients: n, scenario: s, root: "."}) })
		}
	}
}

func TestServices(t *testing.T) {
	everyScenario(t, func(t *testing.T, o options) {
		file, text := parse(t, o)
		if file.Name != "tp0" || file.Version != nil || file.Volumes != nil {
			t.Errorf("name %q, version %v, volumes %v", file.Name, file.Version, file.Volumes)
		}
		if len(file.Services) != o.clients+1 {
			t.Errorf("%d services, want the server and %d clients", len(file.Services), o.clients)
		}
		for id := 0; id <= o.clients; id++ {
			name, image := fmt.Sprintf("client%d", id), "client:latest"
			if id == 0 {
				name, image = "server", "server:latest"
			}
			v, ok := file.Services[name]
			if !ok || v.ContainerName != name || v.Image != image {
				t.Fatalf("%s: present: %v, container_name %q, image %q", name, ok, v.ContainerName, v.Image)
			}
			if v.Entrypoint != nil || v.Command != nil || v.Ports != nil {
				t.Errorf("%s: sets entrypoint, command or ports", name)
			}
			if client := id > 0; client != v.ReadOnly || client != slices.Equal(v.DependsOn, []string{"server"}) {
				t.Errorf("%s: read_only %v, depends_on %v", name, v.ReadOnly, v.DependsOn)
			}
			if !reflect.DeepEqual(v.Networks, networks{"testing_net": nil}) || !slices.Equal(v.CapDrop, []string{"ALL"}) ||
				!slices.Equal(v.SecurityOpt, []string{"no-new-privileges:true"}) {
				t.Errorf("%s: networks %v, cap_drop %v, security_opt %v", name, v.Networks, v.CapDrop, v.SecurityOpt)
			}
		}
		header := fmt.Sprintf("# Generado por generar-compose.sh: los cambios a mano se pierden. Para rehacerlo:\n"+
			"#   ./generar-compose.sh ARCHIVO %d %s\n", o.clients, o.scenario)
		if !strings.HasPrefix(text, header) {
			t.Errorf("does not begin with the command that made it:\n%.300s", text)
		}
	})
}

// The engine restarts a server that has failed, but no client. All logs have a limit.
func TestRestartAndLogs(t *testing.T) {
	everyScenario(t, func(t *testing.T, o options) {
		file, _ := parse(t, o)
		for name, v := range file.Services {
			restart := ""
			if name == "server" {
				restart = "on-failure:5"
			}
			if v.Restart != restart {
				t.Errorf("%s: restart %q, want %q", name, v.Restart, restart)
			}
			if v.Logging.Driver != "json-file" || v.Logging.Options.MaxSize != "10m" || v.Logging.Options.MaxFile != "3" {
				t.Errorf("%s: logging %+v", name, v.Logging)
			}
		}
	})
}

func TestMounts(t *testing.T) {
	everyScenario(t, func(t *testing.T, o options) {
		file, _ := parse(t, o)
		for name, v := range file.Services {
			want := []string{"./client/config.yaml:/config.yaml"}
			if name == "server" {
				want = []string{"./server/config.ini:/config.ini"}
			} else if o.scenario == scenarioAgencies {
				data := ".data/agency-" + strings.TrimPrefix(name, "client") + ".csv"
				want = append(want, "./"+data+":/"+data)
			}
			var got []string
			for _, m := range v.Volumes {
				got = append(got, m.Source+":"+m.Target)
				if m.Type != "bind" || !m.ReadOnly || m.Bind.CreateHostPath == nil || *m.Bind.CreateHostPath {
					t.Errorf("%s: mount %s: type %q, read_only %v, create_host_path %v",
						name, m.Target, m.Type, m.ReadOnly, m.Bind.CreateHostPath)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s mounts %v, want %v", name, got, want)
			}
		}
	})
}

func TestMountsFromAnotherFolder(t *testing.T) {
	file, _ := parse(t, options{clients: 1, scenario: scenarioEcho, root: "/home/u/tp $0"})
	if got, want := file.Services["server"].Volumes[0].Source, "/home/u/tp $$0/server/config.ini"; got != want {
		t.Errorf("source %q, want %q", got, want)
	}
}

func TestEnvironment(t *testing.T) {
	server := []string{"SERVER_AGENCIES=2", "SERVER_STORAGE=/data/bets.csv"}
	bet := []string{"CLI_ID=1", "CLI_MODE=bet", "NOMBRE=Santiago Lionel", "APELLIDO=Lorca", "DOCUMENTO=30904465",
		"NACIMIENTO=1999-03-17", "NUMERO=7574"}
	const admin = "SERVER_ADMIN_ADDRESS=127.0.0.1:12346"
	tests := []struct {
		scenario       scenario
		server, client []string
	}{
		{scenarioEcho, append(server[:2:2], admin), []string{"CLI_ID=1", "CLI_MODE=echo"}},
		{scenarioBet, append(server[:2:2], admin), bet},
		{scenarioAgencies, append(server[:2:2], "SERVER_PUBLISH_DELAY=3s", admin), []string{"CLI_ID=1", "CLI_LINGER=2s"}},
	}
	for _, test := range tests {
		file, _ := parse(t, options{clients: 2, scenario: test.scenario, root: "."})
		if got := file.Services["server"].Environment; !slices.Equal(got, test.server) {
			t.Errorf("%s: server has %q, want %q", test.scenario, got, test.server)
		}
		if got := file.Services["client1"].Environment; !slices.Equal(got, test.client) {
			t.Errorf("%s: client1 has %q, want %q", test.scenario, got, test.client)
		}
	}
}

// With --tls each program gets its own certificates, and nobody's authority.
func TestTLS(t *testing.T) {
	for _, s := range []scenario{scenarioEcho, scenarioBet, scenarioAgencies} {
		without, _ := parse(t, options{clients: 2, scenario: s, root: "."})
		file, text := parse(t, options{clients: 2, scenario: s, root: ".", tls: true})
		for name, folder := range map[string]string{"server": "central", "client1": "agencia-1", "client2": "agencia-2"} {
			var mounted []string
			for _, m := range file.Services[name].Volumes {
				if m.Type != "bind" || !m.ReadOnly || m.Bind.CreateHostPath == nil || *m.Bind.CreateHostPath {
					t.Errorf("%s: mount %+v", name, m)
				}
				if strings.Contains(m.Source, "certificados") {
					mounted = append(mounted, m.Source+":"+m.Target)
				}
			}
			if want := []string{"./.data/certificados/" + folder + ":/certificados"}; !slices.Equal(mounted, want) {
				t.Errorf("%s: %s mounts %q, want %q", s, name, mounted, want)
			}
			variable := "CLI_TLS_CA=/certificados/ca.pem"
			if name == "server" {
				variable = "SERVER_TLS=required"
			}
			if !slices.Contains(file.Services[name].Environment, variable) || slices.Contains(without.Services[name].Environment, variable) {
				t.Errorf("%s: %s has not %s, or has it always", s, name, variable)
			}
		}
		if header := fmt.Sprintf("ARCHIVO 2 %s --tls\n", s); !strings.Contains(text, header) {
			t.Errorf("%s: the header does not repeat --tls:\n%.300s", s, text)
		}
	}
}

// The board is published only if that was asked for, and on loopback.
func TestBoard(t *testing.T) {
	for _, s := range []scenario{scenarioEcho, scenarioBet, scenarioAgencies} {
		plain, _ := parse(t, options{clients: 2, scenario: s, root: "."})
		with, text := parse(t, options{clients: 2, scenario: s, root: ".", board: true})
		if ports := plain.Services["server"].Ports; ports != nil {
			t.Errorf("%s: publishes %v", s, ports)
		}
		if ports := with.Services["server"].Ports; !slices.Equal(ports, []string{"127.0.0.1:12346:12346"}) {
			t.Errorf("%s: with --tablero it publishes %v", s, ports)
		}
		if env := with.Services["server"].Environment; !slices.Contains(env, "SERVER_ADMIN_ADDRESS=:12346") {
			t.Errorf("%s: with --tablero it sets %v", s, env)
		}
		if header := fmt.Sprintf("ARCHIVO 2 %s --tablero\n", s); !strings.Contains(text, header) {
			t.Errorf("%s: the header does not repeat --tablero:\n%.300s", s, text)
		}
	}
}

// Only the server has a health check, with the keys that every engine knows.
func TestHealthcheck(t *testing.T) {
	everyScenario(t, func(t *testing.T, o options) {
		file, _ := parse(t, o)
		for name, v := range file.Services {
			want := healthcheck{[]string{"CMD", "/server", "-health"}, 5 * time.Second, 3 * time.Second, time.Minute, 3}
			switch {
			case name != "server" && v.Healthcheck != nil:
				t.Errorf("%s has a health check", name)
			case name == "server" && (v.Healthcheck == nil || !reflect.DeepEqual(*v.Healthcheck, want)):
				t.Errorf("the server's is %+v, want %+v", v.Healthcheck, want)
			}
		}
	})
}

// The Compose file must set no variable for these keys: it would have priority over the
// mounted file.
var skeletonKeys = regexp.MustCompile(
	`^(CLI_SERVER_ADDRESS|CLI_LOOP_|CLI_LOG_LEVEL|CLI_BATCH_|SERVER_PORT|SERVER_IP|SERVER_LISTEN_BACKLOG|LOGGING_LEVEL)`)

func TestNoVariableShadowsTheFiles(t *testing.T) {
	everyScenario(t, func(t *testing.T, o options) {
		file, _ := parse(t, o)
		for name, v := range file.Services {
			for _, variable := range v.Environment {
				if skeletonKeys.MatchString(variable) {
					t.Errorf("%s sets %s", name, variable)
				}
			}
		}
	})
}

func TestTimingIsExplained(t *testing.T) {
	_, text := parse(t, options{clients: 2, scenario: scenarioAgencies, root: "."})
	for _, variable := range []string{"SERVER_PUBLISH_DELAY=3s", "CLI_LINGER=2s"} {
		if !regexp.MustCompile(`logs -f.*\n +#.*\n +- ` + variable).MatchString(text) {
			t.Errorf("no comment above %s in\n%s", variable, text)
		}
	}
}

func TestSubnet(t *testing.T) {
	course := netip.MustParsePrefix("172.25.125.0/24")
	for clients, want := range map[int]string{
		0: "172.25.125.0/24", 5: "172.25.125.0/24", 252: "172.25.125.0/24",
		253: "172.25.124.0/23", 508: "172.25.124.0/23", 509: "172.25.124.0/22",
		2000: "172.25.120.0/21", maxClients: "172.25.96.0/19",
	} {
		got := subnetFor(clients + 1)
		if got.String() != want {
			t.Errorf("%d clients: %s, want %s", clients, got, want)
		}
		if !got.Overlaps(course) {
			t.Errorf("%d clients: %s does not hold %s", clients, got, course)
		}
	}
	for clients, want := range map[int]string{252: "172.25.125.0/24", 253: "172.25.124.0/23"} {
		file, _ := parse(t, options{clients: clients, scenario: scenarioEcho, root: "."})
		if got := file.Networks["testing_net"].IPAM.Config[0].Subnet; got != want {
			t.Errorf("file for %d clients: %s, want %s", clients, got, want)
		}
	}
}

func TestBetsAreValidAndDistinct(t *testing.T) {
	documents := make(map[string]int)
	for id := 1; id <= maxClients; id++ {
		value := make(map[string]string)
		for _, variable := range sampleBet(id) {
			name, text, _ := strings.Cut(variable, "=")
			value[name] = text
		}
		born, err := time.Parse(time.DateOnly, value["NACIMIENTO"])
		if err != nil || born.Year() < 1940 || born.Year() > 2006 {
			t.Fatalf("client %d was born on %q: %v", id, value["NACIMIENTO"], err)
		}
		bet := lottery.Bet{
			Agency: lottery.AgencyID(id), FirstName: value["NOMBRE"], LastName: value["APELLIDO"], Document: value["DOCUMENTO"],
			Birthdate: lottery.Date{Year: uint16(born.Year()), Month: uint8(born.Month()), Day: uint8(born.Day())},
		}
		if err := bet.Validate(); err != nil || len(bet.Document) != 8 || bet.FirstName == "" || bet.LastName == "" {
			t.Fatalf("client %d: bet %v: %v", id, value, err)
		}
		if other, taken := documents[bet.Document]; taken {
			t.Fatalf("clients %d and %d have the same document %s", other, id, bet.Document)
		}
		documents[bet.Document] = id
	}
}
