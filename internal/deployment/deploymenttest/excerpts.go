package deploymenttest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// ExcerptStore is a store with both of its sides.
type ExcerptStore interface {
	deployment.Excerpts
	deployment.ExcerptReader
}

// TestExcerpts checks a store of excerpts.
func TestExcerpts(t *testing.T, store ExcerptStore) {
	const id = deployment.ID("svc4q7m2x9k1v8c3n6h0d5p21k0zygnd884k4x7m")
	read := func() string {
		t.Helper()
		text, err := store.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if _, err := store.Get(t.Context(), id); !errors.Is(err, fault.NotFound) {
		t.Errorf("Get of nothing: %v, want NotFound", err)
	}
	for _, text := range []string{"exited with code 1 – “no”", strings.Repeat("x", deployment.MaxExcerpt)} {
		if err := store.Put(t.Context(), id, text); err != nil {
			t.Fatal(err)
		}
		if got := read(); got != text {
			t.Errorf("Get: %q, want %q", got, text)
		}
	}
	for range 2 {
		if err := store.Remove(t.Context(), id); err != nil {
			t.Fatalf("Remove: %v", err)
		}
	}
	if _, err := store.Get(t.Context(), id); !errors.Is(err, fault.NotFound) {
		t.Errorf("Get after Remove: %v, want NotFound", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := store.Put(cancelled, id, "late"); err == nil {
		t.Error("Put with a cancelled context did not fail")
	}
}
