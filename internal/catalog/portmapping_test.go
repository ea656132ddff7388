package catalog_test

import (
	"net/netip"
	"strings"
	"testing"

	"waybill/internal/catalog"
)

func TestParsePortMapping(t *testing.T) {
	one := func(port int) catalog.PortRange { return catalog.PortRange{First: port, Last: port} }
	for text, want := range map[string]catalog.PortMapping{
		"80":          {Target: one(80)},
		"80/udp":      {Target: one(80), Protocol: "udp"},
		"8000-8010":   {Target: catalog.PortRange{First: 8000, Last: 8010}},
		"8080:80":     {Published: one(8080), Target: one(80)},
		"8080:80/tcp": {Published: one(8080), Target: one(80), Protocol: "tcp"},
		"9090-9091:8080-8081": {Published: catalog.PortRange{First: 9090, Last: 9091},
			Target: catalog.PortRange{First: 8080, Last: 8081}},
		"8000-9000:80":      {Published: catalog.PortRange{First: 8000, Last: 9000}, Target: one(80)},
		"127.0.0.1:8080:80": {IP: netip.MustParseAddr("127.0.0.1"), Published: one(8080), Target: one(80)},
		"127.0.0.1::80":     {IP: netip.MustParseAddr("127.0.0.1"), Target: one(80)},
		"127.0.0.1:53:53/udp": {IP: netip.MustParseAddr("127.0.0.1"), Published: one(53), Target: one(53),
			Protocol: "udp"},
		"[::1]:6000:6000": {IP: netip.MustParseAddr("::1"), Published: one(6000), Target: one(6000)},
		"[::1]::6000/tcp": {IP: netip.MustParseAddr("::1"), Target: one(6000), Protocol: "tcp"},
		"0.0.0.0:1-3:65533-65535": {IP: netip.MustParseAddr("0.0.0.0"),
			Published: catalog.PortRange{First: 1, Last: 3},
			Target:    catalog.PortRange{First: 65533, Last: 65535}},
	} {
		got, ok := catalog.ParsePortMapping(text)
		if !ok || got != want {
			t.Errorf("%q: %+v, ok = %v, want %+v", text, got, ok, want)
		}
		if got.String() != text {
			t.Errorf("%q is written back as %q", text, got.String())
		}
	}
	for _, text := range []string{
		"", " ", "0", "65536", "-1", "080", "+80", "8 0", "80 ", "a", "80:", ":80", "::80", ":8080:80",
		"80:80:80", "80:80:80:80",
		"8080:80/", "8080:80/TCP", "8080:80/sctp", "8080:80/tcp/udp", "8080/tcp:80", "0:80", "8080:0",
		"80-80", "81-80", "80-", "-80", "80-90-100",
		"8000-8001:80-82", "8000:80-81", "localhost:8080:80", "127.0.0.1:8080", "127.0.0.1:", "127.0.0.1",
		"127.0.0.01:80:80", "256.0.0.1:80:80",
		"::1:80:80", "[::1]:80", "[::1]80:80", "[127.0.0.1]:80:80", "[::1", "[]:80:80",
		"[fe80::1%eth0]:80:80", "[0:0:0:0:0:0:0:1]:80:80", "[::1]:::80",
		"$PORT:80", "8080:80\n", "８０",
	} {
		if got, ok := catalog.ParsePortMapping(text); ok {
			t.Errorf("%q is taken for %+v", text, got)
		}
	}
}

func FuzzParsePortMapping(f *testing.F) {
	for _, seed := range []string{"80", "1-2:3-4/udp", "127.0.0.1::80", "[::1]:1:2/tcp",
		"[::ffff:1.2.3.4]:1:2", ":", "1:2:3", "[]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		mapping, ok := catalog.ParsePortMapping(text)
		if !ok {
			return
		}
		if mapping.String() != text {
			t.Errorf("%q is written back as %q", text, mapping)
		}
		if strings.Trim(text, "0123456789abcdef.:-/[]tpu") != "" {
			t.Errorf("%q is taken for a mapping", text)
		}
	})
}
