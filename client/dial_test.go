package main

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/config"
)

// A client begins with any of the centrals and goes on to the next, whether one listens
// there or not.
func TestDialGoesOnToTheNext(t *testing.T) {
	var addresses []string
	for i := range 3 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		addresses = append(addresses, listener.Addr().String())
		if i == 1 {
			listener.Close()
		}
	}
	begins := make(map[string]bool)
	for tries := 0; len(begins) < len(addresses); tries++ {
		dial, err := newDial(config.Config{ServerAddress: strings.Join(addresses, ",")})
		if err != nil {
			t.Fatal(err)
		}
		visited := ""
		for range 6 {
			conn, err := dial(t.Context())
			if err != nil {
				visited += "1"
				if !strings.Contains(err.Error(), addresses[1]) {
					t.Errorf("the error does not name the address: %v", err)
				}
				continue
			}
			visited += string('0' + byte(slices.Index(addresses, conn.RemoteAddr().String())))
			conn.Close()
		}
		if !strings.Contains("01201201", visited) {
			t.Fatalf("the addresses were visited in the order %s", visited)
		}
		begins[visited[:1]] = true
		if tries > 200 {
			t.Fatalf("the first was always one of %v", begins)
		}
	}
}
