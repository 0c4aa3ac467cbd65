package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"net/netip"
	"path"
	"strings"
	"text/template"

	"gopkg.in/yaml.v3"
)

//go:embed docker-compose.tmpl
var fileText string

// render returns the text of the Compose file.
func (o options) render() ([]byte, error) {
	functions := template.FuncMap{"bet": sampleBet, "bind": o.bind}
	parsed, err := template.New("compose").Funcs(functions).Parse(fileText)
	if err != nil {
		return nil, err
	}
	clients := make([]int, o.clients)
	for i := range clients {
		clients[i] = i + 1
	}
	var text bytes.Buffer
	err = parsed.Execute(&text, map[string]any{
		"Command":   o.command(),
		"Centrals":  o.centralServices(),
		"Clients":   clients,
		"Board":     o.board,
		"TLS":       o.tls,
		"Scenario":  string(o.scenario),
		"Subnet":    subnetFor(o.containers()),
		"NATS":      o.natsServices(),
		"Image":     natsImage,
		"Cluster":   o.clusterURLs(),
		"Addresses": o.addresses(),
	})
	return text.Bytes(), err
}

// bindMount is a bind mount. Its source is YAML.
type bindMount struct{ Source, Target string }

// bind mounts a file of the project at a path in a container.
func (o options) bind(file, target string) (bindMount, error) {
	source := path.Join(o.root, file)
	if !path.IsAbs(source) {
		source = "./" + source // without ./ it would be the name of a volume
	}
	source = strings.ReplaceAll(source, "$", "$$") // Compose would expand a single $
	scalar, err := yaml.Marshal(source)
	if err != nil {
		return bindMount{}, fmt.Errorf("encode the path %q: %w", source, err)
	}
	indented := strings.ReplaceAll(strings.TrimSpace(string(scalar)), "\n", "\n      ")
	return bindMount{indented, target}, nil
}

// subnetFor returns the smallest subnet with room for that many containers. It contains
// the assignment's 172.25.125.0/24.
func subnetFor(containers int) netip.Prefix {
	const reserved = 3 // the network's address, the gateway's and broadcast
	bits := 24
	for 1<<(32-bits)-reserved < containers {
		bits--
	}
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 25, 125, 0}), bits).Masked()
}
