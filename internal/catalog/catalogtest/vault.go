package catalogtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// TestVault runs the suite. open may return the same vault every time.
func TestVault(t *testing.T, open func(t *testing.T) catalog.Vault) {
	for name, test := range map[string]func(t *testing.T, vault catalog.Vault){
		"what was put comes back byte for byte":            testSecrets,
		"former values come back with their times":         testRetired,
		"a generation is written once":                     testWrittenOnce,
		"generations are apart":                            testGenerations,
		"a set of 64 KB of values is stored":               testLargestSet,
		"a larger set is refused, and its largest named":   testTooLarge,
		"an empty set is a set":                            testEmptySet,
		"nothing put is NotFound; deleting it is no error": testNoSecrets,
		"entities are apart":                               testApart,
		"the sets of several entities are read at once":    testAll,
		"no caller shares stored data":                     testSecretCopies,
		"a cancelled context changes nothing":              testVaultCancelled,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// newGeneration returns a generation that no other test has.
func newGeneration(t *testing.T) catalog.Generation {
	t.Helper()
	generation, err := catalog.NewGeneration(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return generation
}

// wantSecrets compares without showing a value: many people read the output of tests.
func wantSecrets(t *testing.T, vault catalog.Vault, id catalog.ID, generation catalog.Generation,
	want map[string]string) catalog.Secrets {
	t.Helper()
	got, err := vault.Get(t.Context(), id, generation)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	if len(got.Values) != len(want) {
		t.Errorf("%d secrets, want %d", len(got.Values), len(want))
	}
	for name, value := range want {
		if got.Values[name] != value {
			t.Errorf("%s has %d bytes that are not the %d that were put", name, len(got.Values[name]),
				len(value))
		}
	}
	return got
}

// putSecrets puts the values and returns their generation.
func putSecrets(t *testing.T, vault catalog.Vault, id catalog.ID,
	values map[string]string) catalog.Generation {
	t.Helper()
	generation := newGeneration(t)
	if err := vault.Put(t.Context(), id, generation, catalog.Secrets{Values: values}); err != nil {
		t.Fatalf("Put: %v", err)
	}
	return generation
}

func testSecrets(t *testing.T, vault catalog.Vault) {
	many := map[string]string{}
	for i := range 20 {
		many[fmt.Sprintf("NAME_%d", i)] = strings.Repeat("v", 300)
	}
	for _, values := range []map[string]string{
		{"PASSWORD": "p$ss'w\"örd\\ with spaces & <tags> %20 {{}} \t"},
		{catalog.PrivateKeySecret: "-----BEGIN KEY-----\r\nAAAA\n-----END KEY-----\n"},
		{"EMPTY": ""},
		many, // more than one parameter holds
		{"UMLAUTS": repeat("aäö€🔑", 9000)}, // cut at any byte, characters would break
		{"BRACES": repeat("{{}}", 9000)},
	} {
		id := newMeta(t, catalog.KindService).ID
		wantSecrets(t, vault, id, putSecrets(t, vault, id, values), values)
	}
}

// repeat returns the text again and again, in so many bytes or a few less.
func repeat(text string, bytes int) string { return strings.Repeat(text, bytes/len(text)) }

func testRetired(t *testing.T, vault catalog.Vault) {
	id, generation := newMeta(t, catalog.KindService).ID, newGeneration(t)
	put := catalog.Secrets{
		Values: map[string]string{"A": "new"},
		Retired: []catalog.RetiredSecret{
			{Name: "A", Value: "old\n", At: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)},
			{Name: "B", Value: "gone", At: time.Date(2026, 2, 2, 3, 4, 5, 0, time.UTC)},
		},
	}
	if err := vault.Put(t.Context(), id, generation, put); err != nil {
		t.Fatal(err)
	}
	got := wantSecrets(t, vault, id, generation, put.Values)
	if diff := cmp.Diff(got.Retired, put.Retired); diff != "" {
		t.Errorf("former values (-got +want):\n%s", diff)
	}
}

func testWrittenOnce(t *testing.T, vault catalog.Vault) {
	id := newMeta(t, catalog.KindService).ID
	generation := putSecrets(t, vault, id, map[string]string{"A": "1"})
	err := vault.Put(t.Context(), id, generation, catalog.Secrets{Values: map[string]string{"A": "2"}})
	wantKind(t, "Put", err, fault.Conflict)
	wantSecrets(t, vault, id, generation, map[string]string{"A": "1"})
}

func testGenerations(t *testing.T, vault catalog.Vault) {
	id := newMeta(t, catalog.KindService).ID
	first := putSecrets(t, vault, id, map[string]string{"A": "1", "B": "2"})
	second := putSecrets(t, vault, id, map[string]string{"B": "3"})
	wantSecrets(t, vault, id, first, map[string]string{"A": "1", "B": "2"})
	if err := vault.Delete(t.Context(), id, first); err != nil {
		t.Fatal(err)
	}
	_, err := vault.Get(t.Context(), id, first)
	wantKind(t, "Get", err, fault.NotFound)
	wantSecrets(t, vault, id, second, map[string]string{"B": "3"})
}

func testLargestSet(t *testing.T, vault catalog.Vault) {
	id := newMeta(t, catalog.KindService).ID
	values := map[string]string{"A": strings.Repeat("x", catalog.MaxSecretsBytes-len(`{"A":""}`))}
	generation := putSecrets(t, vault, id, values)
	wantSecrets(t, vault, id, generation, values)
	if err := vault.Delete(t.Context(), id, generation); err != nil {
		t.Fatal(err)
	}
	_, err := vault.Get(t.Context(), id, generation)
	wantKind(t, "Get after Delete", err, fault.NotFound)
}

func testTooLarge(t *testing.T, vault catalog.Vault) {
	id := newMeta(t, catalog.KindService).ID
	values := map[string]string{
		"TLS_KEY":  strings.Repeat("k", 2*catalog.MaxSecretsBytes),
		"PASSWORD": "short",
	}
	err := vault.Put(t.Context(), id, newGeneration(t), catalog.Secrets{Values: values})
	says := fault.Public(err)
	if !errors.Is(err, fault.Invalid) || !strings.Contains(says, "TLS_KEY with 131072 bytes") ||
		strings.Contains(err.Error(), "kkk") {
		t.Errorf("Put says %q, want the name and size of the largest and no value", says)
	}
}

func testEmptySet(t *testing.T, vault catalog.Vault) {
	for _, none := range []map[string]string{nil, {}} {
		id := newMeta(t, catalog.KindApplication).ID
		wantSecrets(t, vault, id, putSecrets(t, vault, id, none), nil)
	}
}

func testNoSecrets(t *testing.T, vault catalog.Vault) {
	id, generation := newMeta(t, catalog.KindService).ID, newGeneration(t)
	_, err := vault.Get(t.Context(), id, generation)
	wantKind(t, "Get", err, fault.NotFound)
	if err := vault.Delete(t.Context(), id, generation); err != nil {
		t.Errorf("Delete: %v", err)
	}
	_, err = vault.Get(t.Context(), id, "")
	wantKind(t, "Get of no generation", err, fault.NotFound)
}

func testApart(t *testing.T, vault catalog.Vault) {
	one, two := newMeta(t, catalog.KindService).ID, newMeta(t, catalog.KindPrivateKey).ID
	ofOne := putSecrets(t, vault, one, map[string]string{"A": "1"})
	ofTwo := putSecrets(t, vault, two, map[string]string{"A": "2"})
	wantSecrets(t, vault, one, ofOne, map[string]string{"A": "1"})
	wantSecrets(t, vault, two, ofTwo, map[string]string{"A": "2"})
	_, err := vault.Get(t.Context(), one, ofTwo)
	wantKind(t, "Get of another entity's", err, fault.NotFound)
}

func testAll(t *testing.T, vault catalog.Vault) {
	sets, want := map[catalog.ID]catalog.Generation{}, map[catalog.ID]map[string]string{}
	for i := range 12 { // more than one request has
		kind := []catalog.Kind{catalog.KindPrivateKey, catalog.KindService, catalog.KindRegistry}[i%3]
		id := newMeta(t, kind).ID
		want[id] = map[string]string{"A": fmt.Sprint(i), "LONG": strings.Repeat("x", i*1000)}
		sets[id] = putSecrets(t, vault, id, want[id])
	}
	gone, never, none := newMeta(t, catalog.KindService).ID, newMeta(t, catalog.KindService).ID,
		newMeta(t, catalog.KindService).ID
	sets[gone], sets[never], sets[none] = putSecrets(t, vault, gone, nil), newGeneration(t), ""
	if err := vault.Delete(t.Context(), gone, sets[gone]); err != nil {
		t.Fatal(err)
	}
	all, err := vault.GetAll(t.Context(), sets)
	if err != nil {
		t.Fatal(err)
	}
	got := map[catalog.ID]map[string]string{}
	for id, set := range all {
		got[id] = set.Values
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("sets (-got +want):\n%s", diff)
	}
	if all, err = vault.GetAll(t.Context(), nil); err != nil || len(all) > 0 {
		t.Errorf("GetAll of nothing: %d sets, %v", len(all), err)
	}
}

func testSecretCopies(t *testing.T, vault catalog.Vault) {
	id := newMeta(t, catalog.KindService).ID
	values := map[string]string{"A": "1"}
	generation := putSecrets(t, vault, id, values)
	values["A"] = "changed"
	wantSecrets(t, vault, id, generation, map[string]string{"A": "1"}).Values["A"] = "changed"
	wantSecrets(t, vault, id, generation, map[string]string{"A": "1"})
}

func testVaultCancelled(t *testing.T, vault catalog.Vault) {
	id := newMeta(t, catalog.KindService).ID
	generation, other := putSecrets(t, vault, id, map[string]string{"A": "1"}), newGeneration(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for call, make := range map[string]func() error{
		"Put": func() error { return vault.Put(ctx, id, other, catalog.Secrets{}) },
		"Get": func() error { _, err := vault.Get(ctx, id, generation); return err },
		"GetAll": func() error {
			_, err := vault.GetAll(ctx, map[catalog.ID]catalog.Generation{id: generation})
			return err
		},
		"Delete": func() error { return vault.Delete(ctx, id, generation) },
	} {
		if err := make(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want %v", call, err, context.Canceled)
		}
	}
	wantSecrets(t, vault, id, generation, map[string]string{"A": "1"})
}
