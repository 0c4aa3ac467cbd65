package identity

import (
	"crypto/x509"
	"net/url"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

func TestAgency(t *testing.T) {
	for _, tt := range []struct {
		uris []string
		want lottery.AgencyID // 0 = refused
	}{
		{[]string{"spiffe://loteria.local/agencia/1"}, 1},
		{[]string{"spiffe://loteria.local/agencia/4294967295"}, 4294967295},
		{nil, 0},
		{[]string{"spiffe://loteria.local/agencia/1", "spiffe://loteria.local/agencia/2"}, 0},
		{[]string{"spiffe://loteria.local/agencia/1", "spiffe://loteria.local/agencia/1"}, 0},
		{[]string{"spiffe://loteria.local/agencia/0"}, 0},
		{[]string{"spiffe://loteria.local/agencia/01"}, 0},
		{[]string{"spiffe://loteria.local/agencia/+1"}, 0},
		{[]string{"spiffe://loteria.local/agencia/4294967296"}, 0},
		{[]string{"spiffe://loteria.local/agencia/"}, 0},
		{[]string{"spiffe://loteria.local/agencia/1/"}, 0},
		{[]string{"spiffe://loteria.local/agencia/%31"}, 0},
		{[]string{"spiffe://loteria.local/1"}, 0},
		{[]string{"spiffe://loteria.local/agencia/1?x"}, 0},
		{[]string{"spiffe://loteria.local/agencia/1#x"}, 0},
		{[]string{"spiffe://loteria.local:1/agencia/1"}, 0},
		{[]string{"spiffe://x@loteria.local/agencia/1"}, 0},
		{[]string{"spiffe://otra.local/agencia/1"}, 0},
		{[]string{"https://loteria.local/agencia/1"}, 0},
		{[]string{"spiffe:agencia/1"}, 0},
	} {
		var c x509.Certificate
		for _, text := range tt.uris {
			uri, err := url.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			c.URIs = append(c.URIs, uri)
		}
		if got, err := Agency(&c); got != tt.want || (err == nil) != (tt.want != 0) {
			t.Errorf("%q: agency %d, %v, want %d", tt.uris, got, err, tt.want)
		}
	}
}
