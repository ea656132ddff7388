package access

import (
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits are requests a minute; zero means no limit. They hold in one warm function: its
// memory counts, so that a count costs no request to a table. A limit is also the number
// of requests that may come at once.
type Limits struct {
	// Requests limits the requests with one token.
	Requests int
	// Failures limits the failed sign-ins with one token's id from one address.
	Failures int
}

// ThrottledError refuses a request that came too early.
type ThrottledError struct {
	// Wait is how long to wait.
	Wait time.Duration
	what string
}

// Error returns a text for the client.
func (e *ThrottledError) Error() string {
	return fmt.Sprintf("There were too many %s. Try again in %d s.", e.what, e.Seconds())
}

// Seconds returns the wait in whole seconds, at least 1.
func (e *ThrottledError) Seconds() int { return max(1, int(math.Ceil(e.Wait.Seconds()))) }

// maxBuckets limits the memory of a throttle, to some 100 KB.
const maxBuckets = 1000

// Throttle limits calls by keys of the caller's choice. It holds in one warm function. It is safe
// for use by several goroutines.
type Throttle struct{ calls *throttle }

// NewThrottle lets that many calls a minute through for each key, 0 for no limit. what names them
// in the error.
func NewThrottle(perMinute int, what string) *Throttle {
	return &Throttle{newThrottle(perMinute, what)}
}

// Admit counts a call. [ThrottledError] if it comes too early.
func (t *Throttle) Admit(key string, now time.Time) error {
	if err := t.calls.check(key, now); err != nil {
		return err
	}
	t.calls.take(key, now)
	return nil
}

// throttle has a token bucket for each key.
type throttle struct {
	perMinute int
	what      string

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

func newThrottle(perMinute int, what string) *throttle {
	return &throttle{perMinute: perMinute, what: what, buckets: map[string]*rate.Limiter{}}
}

// check returns a [ThrottledError] if the bucket of the key is empty. It takes nothing.
func (t *throttle) check(key string, now time.Time) error {
	if t.perMinute == 0 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	bucket, known := t.buckets[key]
	if !known {
		return nil
	}
	missing := 1 - bucket.TokensAt(now)
	if missing <= 0 {
		return nil
	}
	wait := time.Duration(missing / float64(bucket.Limit()) * float64(time.Second))
	return &ThrottledError{Wait: wait, what: t.what}
}

// take takes one from the bucket of the key, if it has one.
func (t *throttle) take(key string, now time.Time) {
	if t.perMinute == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	bucket, known := t.buckets[key]
	if !known {
		t.makeRoom(now)
		bucket = rate.NewLimiter(rate.Limit(float64(t.perMinute)/60), t.perMinute)
		t.buckets[key] = bucket
	}
	bucket.AllowN(now, 1)
}

// makeRoom drops buckets if there are too many: first all that are full, as new ones are,
// and then any others.
func (t *throttle) makeRoom(now time.Time) {
	if len(t.buckets) < maxBuckets {
		return
	}
	for key, bucket := range t.buckets {
		if bucket.TokensAt(now) >= float64(t.perMinute) {
			delete(t.buckets, key)
		}
	}
	for key := range t.buckets {
		if len(t.buckets) < maxBuckets {
			return
		}
		delete(t.buckets, key)
	}
}
