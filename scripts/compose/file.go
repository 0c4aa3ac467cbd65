package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"path"
	"strings"

	"gopkg.in/yaml.v3"
)

// composeFile is the part of the Compose specification that the system uses.
type composeFile struct {
	Name     string             `yaml:"name"`
	Services services           `yaml:"services"`
	Networks map[string]network `yaml:"networks"`
}

// services are written in their order, under their containers' names.
type services []service

type service struct {
	ContainerName string      `yaml:"container_name"`
	Image         string      `yaml:"image"`
	DependsOn     []string    `yaml:"depends_on,omitempty"`
	Environment   environment `yaml:"environment"`
	Volumes       []bind      `yaml:"volumes"`
	Networks      []string    `yaml:"networks"`
	ReadOnly      bool        `yaml:"read_only,omitempty"`
	CapDrop       []string    `yaml:"cap_drop"`
	SecurityOpt   []string    `yaml:"security_opt"`
}

// environment is written as a list of NAME=value, each below its comment.
type environment []variable

type variable struct{ name, value, comment string }

// bind is a bind mount whose source must exist: nobody wants a folder in the
// place of a file that was forgotten.
type bind struct {
	Type     string      `yaml:"type"`
	Source   string      `yaml:"source"`
	Target   string      `yaml:"target"`
	ReadOnly bool        `yaml:"read_only"`
	Bind     bindOptions `yaml:"bind"`
}

type bindOptions struct {
	CreateHostPath bool `yaml:"create_host_path"`
}

type network struct {
	IPAM ipam `yaml:"ipam"`
}

type ipam struct {
	Driver string   `yaml:"driver"`
	Config []subnet `yaml:"config"`
}

type subnet struct {
	Subnet string `yaml:"subnet"`
}

const testingNet = "testing_net"

// header opens every generated file; %d and %s are the arguments to repeat.
const header = `Generado por generar-compose.sh: los cambios a mano se pierden. Para rehacerlo:
  ./generar-compose.sh ARCHIVO %d %s
Las claves de server/config.ini y client/config.yaml se cambian en esos archivos
y no aquí, donde una variable de entorno los taparía. Con muchas agencias a la
vez conviene subir allí SERVER_LISTEN_BACKLOG, por ejemplo a 1024.`

// render returns the text of the file.
func (o options) render() ([]byte, error) {
	file := composeFile{
		Name:     "tp0",
		Services: services{o.scenario.server(o.clients, o.root)},
		Networks: map[string]network{testingNet: {ipam{
			Driver: "default",
			Config: []subnet{{subnetFor(o.clients + 1).String()}},
		}}},
	}
	for id := 1; id <= o.clients; id++ {
		file.Services = append(file.Services, o.scenario.client(id, o.root))
	}
	var body bytes.Buffer
	fmt.Fprintf(&body, "# %s\n", strings.ReplaceAll(fmt.Sprintf(header, o.clients, o.scenario), "\n", "\n# "))
	encoder := yaml.NewEncoder(&body)
	encoder.SetIndent(2)
	if err := encoder.Encode(file); err != nil {
		return nil, fmt.Errorf("encode compose file: %w", err)
	}
	return body.Bytes(), encoder.Close()
}

// subnetFor returns the narrowest subnet with room for that many containers
// that holds the assignment's 172.25.125.0/24, which is the least it returns.
func subnetFor(containers int) netip.Prefix {
	const reserved = 3 // the network's address, the gateway's and broadcast
	bits := 24
	for 1<<(32-bits)-reserved < containers {
		bits--
	}
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 25, 125, 0}), bits).Masked()
}

func newService(name, image string) service {
	return service{
		ContainerName: name,
		Image:         image,
		Networks:      []string{testingNet},
		CapDrop:       []string{"ALL"},
		SecurityOpt:   []string{"no-new-privileges:true"},
	}
}

// readOnly mounts a file of the project. Compose would expand a $ of the path.
func readOnly(root, file, target string) bind {
	source := path.Join(root, file)
	if !path.IsAbs(source) {
		source = "./" + source // else it would name a volume
	}
	return bind{Type: "bind", Source: strings.ReplaceAll(source, "$", "$$"), Target: target, ReadOnly: true}
}

// MarshalYAML implements yaml.Marshaler.
func (s services) MarshalYAML() (any, error) {
	mapping := &yaml.Node{Kind: yaml.MappingNode}
	for _, v := range s {
		var key, value yaml.Node
		key.SetString(v.ContainerName)
		if err := value.Encode(v); err != nil {
			return nil, err
		}
		v.Environment.comment(&value)
		mapping.Content = append(mapping.Content, &key, &value)
	}
	return mapping, nil
}

// MarshalYAML implements yaml.Marshaler.
func (e environment) MarshalYAML() (any, error) {
	list := make([]string, len(e))
	for i, v := range e {
		list[i] = v.name + "=" + v.value
	}
	return list, nil
}

// comment puts the variables' comments into their encoded service. (Node.Encode
// would drop those of nodes that MarshalYAML returned.)
func (e environment) comment(service *yaml.Node) {
	for i := 0; i < len(service.Content); i += 2 {
		if service.Content[i].Value == "environment" {
			for j, item := range service.Content[i+1].Content {
				item.HeadComment = e[j].comment
			}
		}
	}
}
