package secrets_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/memory"
	"waybill/internal/redact"
	"waybill/internal/secrets"
)

const (
	ours, others catalog.ID = "srv000000000000000000001", "srv000000000000000000002"
	web, api     catalog.ID = "app000000000000000000001", "app000000000000000000002"
	serversKey   catalog.ID = "key000000000000000000001"
)

// registries is a memory with logins, the first of which is the oldest.
func registries(t *testing.T, all ...catalog.Registry) secrets.Reader {
	t.Helper()
	m := memory.New(memory.Options{})
	for i, registry := range all {
		registry.ID = catalog.ID("reg00000000000000000000" + string(rune('a'+i)))
		registry.CreatedAt = time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC)
		if err := m.Catalog().Create(t.Context(), &registry, audit.Entry{}); err != nil {
			t.Fatal(err)
		}
		if err := m.SetSecrets(t.Context(), registry.ID,
			map[string]string{catalog.RegistryPasswordSecret: "password-of-" + registry.User}); err != nil {
			t.Fatal(err)
		}
	}
	key := &catalog.PrivateKey{Meta: catalog.Meta{ID: serversKey}}
	if err := m.Catalog().Create(t.Context(), key, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	if err := m.SetSecrets(t.Context(), key.ID,
		map[string]string{catalog.PrivateKeySecret: serverKey}); err != nil {
		t.Fatal(err)
	}
	return secrets.Reader{Store: m.Catalog(), Vault: m.Vault()}
}

func TestRegistriesThatAResourceMayUse(t *testing.T) {
	reader := registries(t,
		catalog.Registry{Host: "ghcr.io", User: "server", ServerIDs: []catalog.ID{ours}},
		catalog.Registry{Host: "ghcr.io", User: "newer", ServerIDs: []catalog.ID{ours, others}},
		catalog.Registry{Host: "quay.io", User: "resource", ResourceIDs: []catalog.ID{web}},
		catalog.Registry{Host: "quay.io", User: "beside", ServerIDs: []catalog.ID{ours}},
		catalog.Registry{Host: "docker.io", User: "others", ServerIDs: []catalog.ID{others},
			ResourceIDs: []catalog.ID{api}})
	image := func(id catalog.ID) *catalog.Application {
		return &catalog.Application{Resource: catalog.Resource{Meta: catalog.Meta{ID: id}},
			Image: &catalog.Image{Name: "web"}}
	}
	shell := image(web)
	shell.Image, shell.Shell = nil, &catalog.Shell{}
	for _, c := range []struct {
		name     string
		resource catalog.Deployable
		server   catalog.ID
		want     []string
	}{
		{"the one of the resource, and the newer one of the server", image(web), ours,
			[]string{"newer", "resource"}},
		{"on another server", image(web), others, []string{"others", "newer", "resource"}},
		{"another resource", image(api), ours, []string{"others", "newer", "beside"}},
		{"a server that none lists", image("app000000000000000000003"), "srv000000000000000000003", nil},
		{"a shell application", shell, ours, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := &catalog.Server{Meta: catalog.Meta{ID: c.server}, KeyID: serversKey}
			sets, err := reader.Read(t.Context(), c.resource, server, secrets.Needs{Registries: true})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, login := range sets.Registries {
				got = append(got, login.User)
				if login.Password != "password-of-"+login.User {
					t.Errorf("%s has the password %q", login.User, login.Password)
				}
			}
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
		})
	}
}

// TestP3LoginsOfRegistriesAreMasked: docker's settings have user and password in base64.
func TestP3LoginsOfRegistriesAreMasked(t *testing.T) {
	login := catalog.RegistryLogin{Host: "ghcr.io", User: "bot", Password: "hunter22-of-ghcr"}
	sets := secrets.Sets{Registries: []catalog.RegistryLogin{login}}
	masks, _ := sets.ToMask(&catalog.Service{}, &catalog.Server{})
	matcher := redact.NewMatcher(masks)
	const mask = "<REDACTED:REGISTRY_PASSWORD>"
	for text, want := range map[string]string{
		"a " + login.Password + " b":           "a " + mask + " b",
		`{"auth":"` + login.Token() + `"}`:     `{"auth":"` + mask + `"}`,
		"curl -u bot:" + login.Password + " x": "curl -u " + mask + " x",
	} {
		if got := matcher.Text(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
