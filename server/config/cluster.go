package config

import (
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
)

// Ports of a NATS server, by default.
const (
	natsPort    = "4222"
	monitorPort = "8222"
)

// urls takes URLs of one of the schemes, separated by commas, or none. Where a URL has
// no port it adds the given one.
func urls(example, port string, schemes ...string) func(text string) (any, error) {
	return func(text string) (any, error) {
		if text == "" {
			return text, nil
		}
		list := strings.Split(text, ",")
		for i, item := range list {
			u, err := url.Parse(item)
			if err != nil || !slices.Contains(schemes, u.Scheme) || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" {
				return nil, errors.New("must be URLs such as " + example + ", separated by commas, without spaces")
			}
			if u.Port() == "" {
				u.Host = net.JoinHostPort(u.Hostname(), port)
			}
			list[i] = u.String()
		}
		return strings.Join(list, ","), nil
	}
}

// ClusterServers returns the URLs of the NATS servers; none without a cluster.
func (c *Config) ClusterServers() []string { return split(c.Cluster) }

// ClusterMonitors returns the URLs of the NATS servers' monitoring ports.
func (c *Config) ClusterMonitors() []string {
	if c.ClusterMonitor != "" {
		return split(c.ClusterMonitor)
	}
	var monitors []string
	for _, server := range c.ClusterServers() {
		if u, err := url.Parse(server); err == nil {
			monitors = append(monitors, "http://"+net.JoinHostPort(u.Hostname(), monitorPort))
		}
	}
	return monitors
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
