package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

func TestRegistryHost(t *testing.T) {
	for url, want := range map[string]string{
		"ghcr.io":               "ghcr.io",
		"https://GHCR.io/":      "ghcr.io",
		"http://localhost:5000": "localhost:5000",
		"[::1]:5000":            "[::1]:5000",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com": "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
		"docker.io":                   "docker.io",
		"https://index.docker.io/v1/": "docker.io",
		"registry-1.docker.io":        "docker.io",
		"ghcr.io/acme":                "",
		"https://bot:pw@ghcr.io":      "",
		"acme":                        "",
		"ftp://ghcr.io":               "",
		"ghcr.io:99999":               "",
		"ghcr.io?x=1":                 "",
		"":                            "",
		"-":                           "",
	} {
		if got := catalog.RegistryHost(url); got != want {
			t.Errorf("host of %q = %q, want %q", url, got, want)
		}
	}
}

func TestCheckOfRegistries(t *testing.T) {
	server, service := catalog.ID("srv000000000000000000001"), catalog.ID("svc000000000000000000001")
	good := func() *catalog.Registry {
		return &catalog.Registry{Meta: catalog.Meta{Name: "web"}, Host: "ghcr.io", User: "bot",
			ServerIDs: []catalog.ID{server}, ResourceIDs: []catalog.ID{service}}
	}
	many := make([]catalog.ID, catalog.MaxRegistryUses+1)
	for i := range many {
		many[i] = server
	}
	for _, c := range []struct {
		name   string
		change func(*catalog.Registry)
		fields []string
	}{
		{"a good one", func(*catalog.Registry) {}, nil},
		{"no host", func(r *catalog.Registry) { r.Host = "" }, []string{"url"}},
		{"a user with a colon", func(r *catalog.Registry) { r.User = "a:b" }, []string{"user"}},
		{"no use", func(r *catalog.Registry) { r.ServerIDs, r.ResourceIDs = nil, nil },
			[]string{"server_uuids"}},
		{"too many uses", func(r *catalog.Registry) { r.ServerIDs = many }, []string{"server_uuids"}},
		{"a resource as a server", func(r *catalog.Registry) { r.ServerIDs = []catalog.ID{service} },
			[]string{"server_uuids"}},
		{"a server as a resource", func(r *catalog.Registry) { r.ResourceIDs = []catalog.ID{server} },
			[]string{"resource_uuids"}},
		{"one twice", func(r *catalog.Registry) { r.ResourceIDs = []catalog.ID{service, service} },
			[]string{"resource_uuids"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			draft := good()
			c.change(draft)
			var got []string
			for field := range fault.Fields(catalog.Check(draft)) {
				got = append(got, field)
			}
			if diff := cmp.Diff(got, c.fields); diff != "" {
				t.Errorf("fields (-got +want)\n%s", diff)
			}
		})
	}
}
