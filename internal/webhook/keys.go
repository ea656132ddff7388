package webhook

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"waybill/internal/fault"
)

// Keys is where the key of the stack is kept. All methods may be called concurrently.
type Keys interface {
	// Load returns the key. NotFound if it was not made yet.
	Load(ctx context.Context) (Key, error)
	// Create stores the key. Conflict if there is one already, which stays as it is.
	Create(ctx context.Context, key Key) error
}

// NewKeyExistsError returns the Conflict of [Keys].
func NewKeyExistsError() error {
	return fault.New(fault.Conflict, "The stack has a key of webhooks already.")
}

// NewNoKeyError returns the NotFound of [Keys].
func NewNoKeyError() error { return fault.New(fault.NotFound, "The stack has no key of webhooks yet.") }

// Ensure returns the key of the stack, and creates it first if needed. Two callers at
// the same time get the same key.
func Ensure(ctx context.Context, keys Keys, random io.Reader) (Key, error) {
	key, err := keys.Load(ctx)
	if !errors.Is(err, fault.NotFound) {
		return key, err
	}
	if key, err = NewKey(random); err != nil {
		return Key{}, err
	}
	if err = keys.Create(ctx, key); errors.Is(err, fault.Conflict) {
		return keys.Load(ctx)
	}
	return key, err
}

// Cache has the key of the stack in memory, so that deliveries cause no reads, however many
// come. It is safe for use by several goroutines.
type Cache struct {
	keys Keys
	now  func() time.Time
	// standIn takes the place of a key that does not exist yet. No secret was derived from it.
	standIn Key

	mu     sync.Mutex
	key    *Key
	err    error
	tried  time.Time
	absent bool
}

// The pauses between two reads as long as no read brings a key. After an error the store may be
// overloaded. Where there is no key, no resource has a secret yet. One that has a secret shows
// that the key was created since the last read.
const (
	pauseAfterError = 5 * time.Second
	pauseWhenAbsent = 10 * time.Second
	pauseWhenNeeded = time.Second
)

// NewCache returns a cache of the key. Internal if random fails.
func NewCache(keys Keys, now func() time.Time, random io.Reader) (*Cache, error) {
	standIn, err := NewKey(random)
	return &Cache{keys: keys, now: now, standIn: standIn}, err
}

// Key returns the key of the stack, or the stand-in without one. needed says that a secret
// was made for the resource in question. It fails as [Keys] does, and
// with the error of the last read while it is too early for another.
func (c *Cache) Key(ctx context.Context, needed bool) (Key, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.key != nil {
		return *c.key, nil
	}
	if now := c.now(); c.tried.IsZero() || now.Sub(c.tried) >= c.pause(needed) {
		key, err := c.keys.Load(ctx)
		c.tried, c.err, c.absent = now, err, errors.Is(err, fault.NotFound)
		if err == nil {
			c.key = &key
			return key, nil
		}
	}
	if c.absent {
		return c.standIn, nil
	}
	return Key{}, c.err
}

func (c *Cache) pause(needed bool) time.Duration {
	switch {
	case !c.absent:
		return pauseAfterError
	case needed:
		return pauseWhenNeeded
	}
	return pauseWhenAbsent
}
