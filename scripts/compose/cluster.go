package main

import (
	"fmt"
	"strconv"
	"strings"
)

// natsImage is the image of the servers that hold the log of several centrals.
const natsImage = "nats:2.15.3"

// natsServers is how many of them there are. One may be lost.
const natsServers = 3

// The number of centrals, if there are several.
const (
	minCentrals = 2
	maxCentrals = 9
)

// boardPort is the port of the host that shows the board of the first central. Those of
// the other centrals follow.
const boardPort = 12346

// centralService is a central's service.
type centralService struct {
	Name      string
	BoardPort int
}

// centralServices are "server", or "server1", "server2", …
func (o options) centralServices() []centralService {
	if o.centrals == 0 {
		return []centralService{{"server", boardPort}}
	}
	var services []centralService
	for i := range o.centrals {
		services = append(services, centralService{fmt.Sprintf("server%d", i+1), boardPort + i})
	}
	return services
}

// natsServices are the names of the NATS servers. One central has none.
func (o options) natsServices() []string {
	if o.centrals == 0 {
		return nil
	}
	var names []string
	for i := range natsServers {
		names = append(names, fmt.Sprintf("nats%d", i+1))
	}
	return names
}

// clusterURLs is the value of SERVER_CLUSTER; "" with one central.
func (o options) clusterURLs() string {
	var urls []string
	for _, name := range o.natsServices() {
		urls = append(urls, "nats://"+name+":4222")
	}
	return strings.Join(urls, ",")
}

// addresses is the value of CLI_SERVER_ADDRESS with several centrals.
func (o options) addresses() string {
	var addresses []string
	for _, service := range o.centralServices() {
		addresses = append(addresses, service.Name+":12345")
	}
	return strings.Join(addresses, ",")
}

// containers is how many containers there are.
func (o options) containers() int {
	return o.clients + len(o.centralServices()) + len(o.natsServices())
}

// setCentrals takes the value of --centrales.
func setCentrals(o *options, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < minCentrals || n > maxCentrals {
		return fmt.Errorf("la cantidad de centrales debe ser un entero de %d a %d: %q", minCentrals, maxCentrals, value)
	}
	o.centrals = n
	return nil
}
