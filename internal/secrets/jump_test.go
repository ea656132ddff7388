package secrets_test

import (
	"testing"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/memory"
	"waybill/internal/redact"
	"waybill/internal/secrets"
)

// TestP3TheKeyOfAJumpHostIsMasked: it is read with the secrets of each resource behind it.
func TestP3TheKeyOfAJumpHostIsMasked(t *testing.T) {
	m := memory.New(memory.Options{})
	own := &catalog.PrivateKey{Meta: catalog.Meta{ID: "key000000000000000000001"}}
	other := &catalog.PrivateKey{Meta: catalog.Meta{ID: "key000000000000000000002"}}
	jump := &catalog.Server{Meta: catalog.Meta{ID: "srv000000000000000000002"}, KeyID: other.ID}
	server := &catalog.Server{Meta: catalog.Meta{ID: "srv000000000000000000001"}, KeyID: own.ID,
		ProxyJump: jump.ID}
	app := &catalog.Application{Shell: &catalog.Shell{Start: "true"},
		Resource: catalog.Resource{Meta: catalog.Meta{ID: "app000000000000000000001"}, ServerID: server.ID}}
	for _, entity := range []catalog.Entity{own, other, jump, server, app} {
		if err := m.Catalog().Create(t.Context(), entity, audit.Entry{}); err != nil {
			t.Fatal(err)
		}
	}
	const keyOfJump = "the-private-key-of-the-jump-host"
	for id, value := range map[catalog.ID]string{own.ID: serverKey, other.ID: keyOfJump} {
		values := map[string]string{catalog.PrivateKeySecret: value}
		if err := m.SetSecrets(t.Context(), id, values); err != nil {
			t.Fatal(err)
		}
	}
	sets, err := secrets.Reader{Store: m.Catalog(), Vault: m.Vault()}.Read(t.Context(), app, server,
		secrets.Needs{})
	if err != nil {
		t.Fatal(err)
	}
	login := sets.Login()
	if login.PrivateKey != serverKey || login.Jump == nil || login.Jump.PrivateKey != keyOfJump ||
		login.Jump.Server.ID != jump.ID {
		t.Errorf("login = %+v, want the keys of the server and of its jump host", login)
	}
	masks, _ := sets.ToMask(app, server)
	if got := redact.NewMatcher(masks).Text("key: " + keyOfJump); got == "key: "+keyOfJump {
		t.Error("the key of the jump host is not masked")
	}
}
