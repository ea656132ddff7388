package catalog_test

import (
	"testing"

	"waybill/internal/catalog"
)

func TestServiceHost(t *testing.T) {
	for _, c := range []struct {
		name   string
		server catalog.Server
		label  string
		want   string
	}{
		{
			name:   "of a server with a domain is below it, with TLS",
			server: catalog.Server{Address: "203.0.113.7", ServiceDomain: "apps.example.com"},
			label:  "web-1",
			want:   "https://web-1.apps.example.com",
		},
		{
			name:   "of an IPv4 address is one of sslip.io",
			server: catalog.Server{Address: "203.0.113.7"},
			label:  "web-1",
			want:   "http://web-1.203.0.113.7.sslip.io",
		},
		{
			name:   "of an IPv6 address has dashes for colons",
			server: catalog.Server{Address: "2001:db8::1"},
			label:  "web-1",
			want:   "http://web-1.2001-0db8-0000-0000-0000-0000-0000-0001.sslip.io",
		},
		{
			name:   "of a host name is below it",
			server: catalog.Server{Address: "web.example.org."},
			label:  "web-1",
			want:   "http://web-1.web.example.org",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if scheme, host := c.server.ServiceHost(c.label); scheme+"://"+host != c.want {
				t.Errorf("%s://%s, want %s", scheme, host, c.want)
			}
		})
	}
}
