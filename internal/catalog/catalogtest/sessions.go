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
	for name, test := range map[string]func(t *testing.T, s crowd){
		"A server has three places":                           testPlaces,
		"Take for the same holder takes no second place":      testSameHolder,
		"a freed place is free":                               testFreedPlace,
		"Free of a holder without a place does nothing":       testFreeOfAStranger,
		"a place that nobody frees counts for a limited time": testExpiredPlace,
		"of many at once three get a place":                   testManyAtOnce,
		"a cancelled context is said as such":                 testCancelledSession,
	} {
		t.Run(name, func(t *testing.T) {
			test(t, crowd{sessions, time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)})
		})
	}
}

// crowd takes the places of servers.
type crowd struct {
	catalog.Sessions
	now time.Time
}

func (c crowd) take(t *testing.T, server catalog.ID, holder string, at time.Time, want error) {
	t.Helper()
	if err := c.Take(t.Context(), server, holder, at); !errors.Is(err, want) {
		t.Errorf("Take for %s: %v, want %v", holder, err, want)
	}
}

func (c crowd) free(t *testing.T, server catalog.ID, holder string) {
	t.Helper()
	if err := c.Free(t.Context(), server, holder); err != nil {
		t.Errorf("Free: %v", err)
	}
}

// fill takes all places of a new server.
func (c crowd) fill(t *testing.T) catalog.ID {
	t.Helper()
	server := newMeta(t, catalog.KindServer).ID
	for i := range catalog.MaxSessions {
		c.take(t, server, fmt.Sprint("holder-", i), c.now, nil)
	}
	return server
}

func testPlaces(t *testing.T, c crowd) {
	c.take(t, c.fill(t), "other", c.now, fault.Exhausted)
	c.take(t, newMeta(t, catalog.KindServer).ID, "other", c.now, nil)
}

func testSameHolder(t *testing.T, c crowd) {
	server := newMeta(t, catalog.KindServer).ID
	for range 2 * catalog.MaxSessions {
		c.take(t, server, "holder", c.now, nil)
	}
	c.take(t, server, "other", c.now, nil)
}

func testFreedPlace(t *testing.T, c crowd) {
	server := c.fill(t)
	for range 2 { // to free it again does nothing
		c.free(t, server, "holder-1")
	}
	c.take(t, server, "other", c.now, nil)
	c.take(t, server, "another", c.now, fault.Exhausted)
}

func testFreeOfAStranger(t *testing.T, c crowd) {
	server := c.fill(t)
	c.free(t, server, "stranger")
	c.take(t, server, "other", c.now, fault.Exhausted)
}

func testExpiredPlace(t *testing.T, c crowd) {
	server, expired := c.fill(t), c.now.Add(catalog.SessionTime)
	c.take(t, server, "other", expired.Add(-time.Millisecond), fault.Exhausted)
	c.take(t, server, "other", expired, nil)
	c.free(t, server, "holder-0") // it has expired
}

func testCancelledSession(t *testing.T, c crowd) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := c.Take(ctx, newMeta(t, catalog.KindServer).ID, "holder", c.now)
	if err == nil || errors.Is(err, fault.Exhausted) {
		t.Errorf("Take: %v, want that the context was cancelled", err)
	}
}

func testManyAtOnce(t *testing.T, c crowd) {
	server := newMeta(t, catalog.KindServer).ID
	var taken atomic.Int32
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			err := c.Take(t.Context(), server, fmt.Sprint("holder-", i), c.now)
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
