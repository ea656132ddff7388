package secrets_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/memory"
	"waybill/internal/redact"
	"waybill/internal/secrets"
)

const (
	serverKey = "the-private-key-of-the-server"
	password  = "p@ss wörd/4711"
	former    = "former-Passw0rd-91"
)

// TestP3EverySecretOfAResourceIsMasked has a database, whose connection strings are made of
// its secrets.
func TestP3EverySecretOfAResourceIsMasked(t *testing.T) {
	m := memory.New(memory.Options{})
	key := &catalog.PrivateKey{Meta: catalog.Meta{ID: "key000000000000000000001"}}
	server := &catalog.Server{Meta: catalog.Meta{ID: "srv000000000000000000001"}, Address: "web-1",
		Port: 22, User: "root", KeyID: key.ID, DataDir: "/data", Concurrency: 1, QueueLimit: 1}
	database := &catalog.Database{
		Resource: catalog.Resource{Meta: catalog.Meta{ID: "dbs000000000000000000001"}, ServerID: server.ID},
		Engine:   "postgresql", Image: "postgres:16", PublicPort: 15432,
		Settings: map[string]string{"postgres_user": "sesame", "postgres_db": "shop"},
	}
	for _, entity := range []catalog.Entity{key, server, database} {
		if err := m.Catalog().Create(t.Context(), entity, audit.Entry{}); err != nil {
			t.Fatal(err)
		}
	}
	for id, values := range map[catalog.ID]map[string]string{
		key.ID:      {catalog.PrivateKeySecret: serverKey},
		database.ID: {"POSTGRES_PASSWORD": password},
	} {
		if err := m.SetSecrets(t.Context(), id, values); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := catalog.Find[*catalog.Database](t.Context(), m.Catalog(), database.ID)
	if err != nil {
		t.Fatal(err)
	}
	sets, err := secrets.Reader{Store: m.Catalog(), Vault: m.Vault()}.Read(t.Context(), stored, server,
		secrets.Needs{})
	if err != nil {
		t.Fatal(err)
	}
	sets.Retired = []catalog.RetiredSecret{{Name: "POSTGRES_PASSWORD", Value: former}}
	all, warnings := sets.ToMask(stored, server)
	if len(warnings) > 0 {
		t.Errorf("warnings: %v", warnings)
	}
	matcher := redact.NewMatcher(all)
	for _, text := range []string{serverKey, password, former,
		"postgres://sesame:p%40ss%20w%C3%B6rd%2F4711@dbs000000000000000000001:5432/shop",
		"postgres://sesame:p%40ss%20w%C3%B6rd%2F4711@web-1:15432/shop"} {
		if got := matcher.Text("<" + text + ">"); !strings.Contains(got, "REDACTED") ||
			strings.Contains(got, "sesame") || strings.Contains(got, text) {
			t.Errorf("%s is shown as %s", text, got)
		}
	}
	if slices.ContainsFunc(all, func(s redact.Secret) bool { return s.Value == "" }) {
		t.Error("an empty value is a secret to mask")
	}
}

func TestAKeyThatIsGoneIsSaid(t *testing.T) {
	m := memory.New(memory.Options{})
	server := &catalog.Server{KeyID: "key000000000000000000001"}
	_, err := secrets.Reader{Store: m.Catalog(), Vault: m.Vault()}.Read(t.Context(),
		&catalog.Service{}, server, secrets.Needs{Repository: true})
	if !errors.Is(err, fault.NotFound) || !strings.Contains(fault.Public(err), "private key of the server") {
		t.Errorf("error = %v, want that the server's key is gone", err)
	}
}
