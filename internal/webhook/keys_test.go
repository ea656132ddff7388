package webhook_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/webhook"
)

// counted are keys that count their reads.
type counted struct {
	key   *webhook.Key
	err   error
	reads int
}

func (c *counted) Load(context.Context) (webhook.Key, error) {
	c.reads++
	switch {
	case c.err != nil:
		return webhook.Key{}, c.err
	case c.key == nil:
		return webhook.Key{}, webhook.NewNoKeyError()
	}
	return *c.key, nil
}

func (c *counted) Create(context.Context, webhook.Key) error { return c.err }

func TestAFloodReadsTheKeyOnce(t *testing.T) {
	clock := now
	open := func(keys *counted) func(needed bool) (webhook.Key, error) {
		cache, err := webhook.NewCache(keys, func() time.Time { return clock }, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return func(needed bool) (webhook.Key, error) { return cache.Key(t.Context(), needed) }
	}
	flood := func(what string, keys *counted, call func(bool) (webhook.Key, error), needed bool, reads int) {
		t.Helper()
		before := keys.reads
		for range 1000 {
			_, _ = call(needed)
		}
		if got := keys.reads - before; got != reads {
			t.Errorf("%s: %d reads for 1,000 deliveries, want %d", what, got, reads)
		}
	}
	there := &counted{key: &testKey}
	call := open(there)
	flood("with a key", there, call, true, 1)
	clock = clock.Add(24 * time.Hour)
	flood("a day later", there, call, false, 0)
	if key, err := call(false); key != testKey || err != nil {
		t.Errorf("the key is not the stored one, %v", err)
	}

	none := &counted{}
	call = open(none)
	flood("without a key", none, call, false, 1)
	standIn, err := call(false)
	if err != nil || standIn == (webhook.Key{}) || standIn == testKey {
		t.Errorf("without a key: %v, %v, want a random one", standIn, err)
	}
	clock = clock.Add(9 * time.Second)
	flood("9 s later", none, call, false, 0)
	none.key = &testKey
	if key, err := call(true); key != testKey || err != nil {
		t.Errorf("for a resource with a secret, the new key is not read: %v", err)
	}

	broken := &counted{err: fault.New(fault.Unavailable, "down")}
	call = open(broken)
	flood("in an outage", broken, call, true, 1)
	if _, err := call(true); !errors.Is(err, fault.Unavailable) {
		t.Errorf("in an outage: %v, want Unavailable", err)
	}
	clock = clock.Add(5 * time.Second)
	broken.err, broken.key = nil, &testKey
	if key, err := call(false); key != testKey || err != nil {
		t.Errorf("after an outage: %v", err)
	}
}
