// Package natsserver runs a cluster of NATS servers on this machine, for tests, demos
// and benchmarks.
package natsserver

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process"
)

// Cluster is three NATS servers that replicate streams.
type Cluster struct {
	Servers []*Server
}

// Server is one of them. It can be started again after it has ended.
type Server struct {
	*process.Process // nil before Start

	Name        string
	Place       process.Place // where it runs
	URL         string        // for clients
	Monitor     string        // URL of the monitoring port
	StoreFolder string        // its files

	binary, config string
	ports          [3]int // for clients, for monitoring, for the other servers
}

// New returns a cluster whose servers have their files and configurations in a folder.
// sync is their sync_interval. Each runs at one of the places; without any, all run here.
// Nothing is started.
func New(binary, folder, sync string, places ...process.Place) (*Cluster, error) {
	c := &Cluster{}
	var routes []string
	for i := range 3 {
		s := &Server{Name: fmt.Sprint("nats", i+1), Place: process.Here, binary: binary}
		if len(places) > 0 {
			s.Place = places[i]
		}
		for p := range s.ports {
			port, err := process.FreePort()
			if err != nil {
				return nil, err
			}
			s.ports[p] = port
		}
		s.URL = fmt.Sprintf("nats://%s:%d", s.Place.Address, s.ports[0])
		s.Monitor = fmt.Sprintf("http://%s:%d", s.Place.Address, s.ports[1])
		s.StoreFolder = filepath.Join(folder, s.Name)
		s.config = filepath.Join(folder, s.Name+".conf")
		routes = append(routes, fmt.Sprintf("nats://%s:%d", s.Place.Address, s.ports[2]))
		c.Servers = append(c.Servers, s)
	}
	for _, s := range c.Servers {
		host := s.Place.Address
		text := fmt.Sprintf(`server_name: %s
listen: "%s:%d"
http: "%s:%d"
jetstream { store_dir: %q, sync_interval: %s }
cluster { name: loteria, listen: "%s:%d", routes: [%s] }
`, s.Name, host, s.ports[0], host, s.ports[1], s.StoreFolder, sync, host, s.ports[2], strings.Join(routes, ", "))
		if err := os.WriteFile(s.config, []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Start starts a server.
func (s *Server) Start() (err error) {
	cmd := process.Command(s.binary, filepath.Dir(s.config))
	cmd.Args = append(cmd.Args, "-c", s.config)
	s.Process, err = process.Start(s.Name, s.Place.Enter(cmd), nil)
	return err
}

// Start starts all servers.
func (c *Cluster) Start() error {
	for _, s := range c.Servers {
		if err := s.Start(); err != nil {
			c.Kill()
			return err
		}
	}
	return nil
}

// Kill ends all servers that were started.
func (c *Cluster) Kill() {
	for _, s := range c.Servers {
		if s.Process != nil {
			s.Process.Kill()
		}
	}
}

// URLs is the value of SERVER_CLUSTER for this cluster.
func (c *Cluster) URLs() string {
	var urls []string
	for _, s := range c.Servers {
		urls = append(urls, s.URL)
	}
	return strings.Join(urls, ",")
}

// Monitors is the value of SERVER_CLUSTER_MONITOR for this cluster.
func (c *Cluster) Monitors() string {
	var urls []string
	for _, s := range c.Servers {
		urls = append(urls, s.Monitor)
	}
	return strings.Join(urls, ",")
}

// Named returns the server of a name, which Status reports of the leader; nil if there
// is none.
func (c *Cluster) Named(name string) *Server {
	for _, s := range c.Servers {
		if s.Name == name {
			return s
		}
	}
	return nil
}
