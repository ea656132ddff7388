package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// TestSessions checks an implementation of [catalog.Sessions].
func TestSessions(t *testing.T, sessions catalog.Sessions) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	take := func(t *testing.T, server catalog.ID, holder string, at time.Time, want error) {
		t.Helper()
		if err := sessions.Take(t.Context(), server, holder, at); !errors.Is(err, want) {
			t.Errorf("Take for %s: %v, want %v", holder, err, want)
		}
	}
	// fill takes all places of a new server.
	fill := func(t *testing.T) catalog.ID {
		t.Helper()
		server := newMeta(t, catalog.KindServer).ID
		for i := range catalog.MaxSessions {
			take(t, server, fmt.Sprint("holder-", i), now, nil)
		}
		return server
	}
	t.Run("A server has three places", func(t *testing.T) {
		server := fill(t)
		take(t, server, "other", now, fault.Exhausted)
		take(t, newMeta(t, catalog.KindServer).ID, "other", now, nil)
	})
	t.Run("Take for the same holder takes no second place", func(t *testing.T) {
		server := newMeta(t, catalog.KindServer).ID
		for range 2 * catalog.MaxSessions {
			take(t, server, "holder", now, nil)
		}
		take(t, server, "other", now, nil)
	})
	t.Run("a freed place is free", func(t *testing.T) {
		server := fill(t)
		for range 2 { // to free it again does nothing
			if err := sessions.Free(t.Context(), server, "holder-1"); err != nil {
				t.Errorf("Free: %v", err)
			}
		}
		take(t, server, "other", now, nil)
		take(t, server, "another", now, fault.Exhausted)
	})
	t.Run("Free of a holder without a place does nothing", func(t *testing.T) {
		server := fill(t)
		if err := sessions.Free(t.Context(), server, "stranger"); err != nil {
			t.Errorf("Free: %v", err)
		}
		take(t, server, "other", now, fault.Exhausted)
	})
	t.Run("a place that nobody frees counts for a limited time", func(t *testing.T) {
		server := fill(t)
		take(t, server, "other", now.Add(catalog.SessionTime-time.Millisecond), fault.Exhausted)
		take(t, server, "other", now.Add(catalog.SessionTime), nil)
		if err := sessions.Free(t.Context(), server, "holder-0"); err != nil { // it has expired
			t.Errorf("Free: %v", err)
		}
	})
	t.Run("of many at once three get a place", func(t *testing.T) {
		testCrowdOfSessions(t, sessions, now)
	})
	t.Run("a cancelled context is said as such", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := sessions.Take(ctx, newMeta(t, catalog.KindServer).ID, "holder", now)
		if err == nil || errors.Is(err, fault.Exhausted) {
			t.Errorf("Take: %v, want that the context was cancelled", err)
		}
	})
}

func testCrowdOfSessions(t *testing.T, sessions catalog.Sessions, now time.Time) {
	server := newMeta(t, catalog.KindServer).ID
	var taken atomic.Int32
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			err := sessions.Take(t.Context(), server, fmt.Sprint("holder-", i), now)
			switch {
			case err == nil:
				taken.Add(1)
			case !errors.Is(err, fault.Exhausted):
				t.Errorf("Take: %v", err)
			}
		})
	}
	all.Wait()
	if got := taken.Load(); got != catalog.MaxSessions {
		t.Errorf("%d have a place, want %d", got, catalog.MaxSessions)
	}
}
