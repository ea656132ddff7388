// Package webhooktest holds the adapters of package webhook's port to its promises.
package webhooktest

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/webhook"
)

// TestKeys runs the suite. open returns keys of a stack that has none yet.
func TestKeys(t *testing.T, open func(t *testing.T) webhook.Keys) {
	for name, test := range map[string]func(t *testing.T, keys webhook.Keys){
		"without a key, Load is NotFound":                        testNone,
		"a key comes back as it was created":                     testCreated,
		"a second Create is Conflict and changes nothing":        testTwice,
		"of many that make one at once, all get the same":        testRace,
		"a cancelled context is no missing key and creates none": testCancelled,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func newKey(t *testing.T) webhook.Key {
	t.Helper()
	key, err := webhook.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// want compares without showing a key: many people read the output of tests.
func want(t *testing.T, keys webhook.Keys, key webhook.Key) {
	t.Helper()
	if got, err := keys.Load(t.Context()); err != nil || got != key {
		t.Errorf("Load brings the key: %v, %v", got == key, err)
	}
}

func testNone(t *testing.T, keys webhook.Keys) {
	if _, err := keys.Load(t.Context()); !errors.Is(err, fault.NotFound) {
		t.Errorf("Load = %v, want NotFound", err)
	}
}

func testCreated(t *testing.T, keys webhook.Keys) {
	key := newKey(t)
	if err := keys.Create(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	want(t, keys, key)
}

func testTwice(t *testing.T, keys webhook.Keys) {
	key := newKey(t)
	if err := keys.Create(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if err := keys.Create(t.Context(), newKey(t)); !errors.Is(err, fault.Conflict) {
		t.Errorf("a second Create = %v, want Conflict", err)
	}
	want(t, keys, key)
}

func testRace(t *testing.T, keys webhook.Keys) {
	const callers = 8
	var got [callers]webhook.Key
	var wait sync.WaitGroup
	for i := range callers {
		wait.Go(func() {
			key, err := webhook.Ensure(t.Context(), keys, rand.Reader)
			if got[i] = key; err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for _, key := range got {
		want(t, keys, key)
	}
}

func testCancelled(t *testing.T, keys webhook.Keys) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := keys.Load(ctx); err == nil || errors.Is(err, fault.NotFound) {
		t.Errorf("Load = %v, want an error that is not NotFound", err)
	}
	if _, err := webhook.Ensure(ctx, keys, rand.Reader); err == nil {
		t.Error("Ensure with a cancelled context created a key")
	}
	testNone(t, keys)
}
