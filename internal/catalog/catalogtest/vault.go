package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// TestVault runs the suite. open may return the same vault every time.
func TestVault(t *testing.T, open func(t *testing.T) catalog.Vault) {
	for name, test := range map[string]func(t *testing.T, vault catalog.Vault){
		"what was put comes back byte for byte":            testSecrets,
		"put replaces the whole set":                       testReplaced,
		"an empty set is a set":                            testEmptySet,
		"nothing put is NotFound; deleting it is no error": testNoSecrets,
		"sets are apart":                                   testApart,
		"no caller shares stored data":                     testSecretCopies,
		"a cancelled context changes nothing":              testVaultCancelled,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// wantSecrets compares without showing a value: many people read the output of tests.
func wantSecrets(t *testing.T, vault catalog.Vault, id catalog.ID, want map[string]string) {
	t.Helper()
	got, err := vault.Get(t.Context(), id)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	if len(got) != len(want) {
		t.Errorf("%d secrets, want %d", len(got), len(want))
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s has %d bytes that are not the %d that were put", name, len(got[name]), len(value))
		}
	}
}

func putSecrets(t *testing.T, vault catalog.Vault, id catalog.ID, secrets map[string]string) {
	t.Helper()
	if err := vault.Put(t.Context(), id, secrets); err != nil {
		t.Fatalf("Put: %v", err)
	}
}

func testSecrets(t *testing.T, vault catalog.Vault) {
	many := map[string]string{}
	for i := range 20 {
		many[fmt.Sprintf("NAME_%d", i)] = strings.Repeat("v", 300)
	}
	for _, secrets := range []map[string]string{
		{"PASSWORD": "p$ss'w\"örd\\ with spaces & <tags> %20 {{}} \t"},
		{catalog.PrivateKeySecret: "-----BEGIN KEY-----\r\nAAAA\n-----END KEY-----\n"},
		{"EMPTY": ""},
		many, // over 4 KB, where parameters become another tier
	} {
		id := newMeta(t, catalog.KindService).ID
		putSecrets(t, vault, id, secrets)
		wantSecrets(t, vault, id, secrets)
	}
}

func testReplaced(t *testing.T, vault catalog.Vault) {
	id := newMeta(t, catalog.KindService).ID
	putSecrets(t, vault, id, map[string]string{"A": "1", "B": "2"})
	putSecrets(t, vault, id, map[string]string{"B": "3"})
	wantSecrets(t, vault, id, map[string]string{"B": "3"})
}

func testEmptySet(t *testing.T, vault catalog.Vault) {
	for _, none := range []map[string]string{nil, {}} {
		id := newMeta(t, catalog.KindApplication).ID
		putSecrets(t, vault, id, none)
		wantSecrets(t, vault, id, nil)
	}
}

func testNoSecrets(t *testing.T, vault catalog.Vault) {
	id := newMeta(t, catalog.KindService).ID
	for range 2 {
		_, err := vault.Get(t.Context(), id)
		wantKind(t, "Get", err, fault.NotFound)
		if err := vault.Delete(t.Context(), id); err != nil {
			t.Errorf("Delete: %v", err)
		}
		putSecrets(t, vault, id, map[string]string{"A": "1"})
		if err := vault.Delete(t.Context(), id); err != nil {
			t.Errorf("Delete: %v", err)
		}
	}
}

func testApart(t *testing.T, vault catalog.Vault) {
	one, two := newMeta(t, catalog.KindService).ID, newMeta(t, catalog.KindPrivateKey).ID
	putSecrets(t, vault, one, map[string]string{"A": "1"})
	putSecrets(t, vault, two, map[string]string{"A": "2"})
	wantSecrets(t, vault, one, map[string]string{"A": "1"})
	wantSecrets(t, vault, two, map[string]string{"A": "2"})
}

func testSecretCopies(t *testing.T, vault catalog.Vault) {
	id := newMeta(t, catalog.KindService).ID
	secrets := map[string]string{"A": "1"}
	putSecrets(t, vault, id, secrets)
	secrets["A"] = "changed"
	got, err := vault.Get(t.Context(), id)
	if diff := cmp.Diff(got, map[string]string{"A": "1"}); err != nil || diff != "" {
		t.Errorf("Get: %v (-got +want):\n%s", err, diff)
	}
	got["A"] = "changed"
	wantSecrets(t, vault, id, map[string]string{"A": "1"})
}

func testVaultCancelled(t *testing.T, vault catalog.Vault) {
	id := newMeta(t, catalog.KindService).ID
	putSecrets(t, vault, id, map[string]string{"A": "1"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for call, make := range map[string]func() error{
		"Put":    func() error { return vault.Put(ctx, id, nil) },
		"Get":    func() error { _, err := vault.Get(ctx, id); return err },
		"Delete": func() error { return vault.Delete(ctx, id) },
	} {
		if err := make(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want %v", call, err, context.Canceled)
		}
	}
	wantSecrets(t, vault, id, map[string]string{"A": "1"})
}
