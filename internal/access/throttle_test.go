package access_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"waybill/internal/access"
	"waybill/internal/fault"
)

// newThrottledDesk is a desk whose checker lets 60 requests a minute through, and 3 failures.
func newThrottledDesk(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	d.checker = access.New(d.kept, access.Options{
		Now: func() time.Time { return d.now }, Limits: access.Limits{Requests: 60, Failures: 3},
	})
	return d
}

// wait returns for how long a request is refused; 0 if it is not throttled.
func (d *desk) wait(t *testing.T, bearer, from string) int {
	t.Helper()
	_, err := d.checker.Authenticate(t.Context(), "Bearer "+bearer, from)
	if early, is := errors.AsType[*access.ThrottledError](err); is {
		return early.Seconds()
	}
	if err != nil && !errors.Is(err, fault.Unauthenticated) {
		t.Fatal(err)
	}
	return 0
}

func (d *desk) wantWait(t *testing.T, want int, bearer, from string) {
	t.Helper()
	if got := d.wait(t, bearer, from); got != want {
		t.Errorf("wait = %d s, want %d", got, want)
	}
}

func TestRequestsOfATokenAreThrottled(t *testing.T) {
	d := newThrottledDesk(t)
	for range 60 {
		d.wantWait(t, 0, d.bearer, address)
	}
	d.wantWait(t, 1, d.bearer, address)
	d.wantWait(t, 1, d.bearer, "198.51.100.1")
	_, other := d.mint(t)
	d.wantWait(t, 0, other, address)
	d.now = d.now.Add(2 * time.Second)
	for range 2 {
		d.wantWait(t, 0, d.bearer, address)
	}
	d.wantWait(t, 1, d.bearer, address)
	if d.kept.reads != 2 {
		t.Errorf("%d reads, want one of each token", d.kept.reads)
	}
}

func TestFailedSignInsAreThrottled(t *testing.T) {
	d := newThrottledDesk(t)
	wrong := d.token.ID + "|wrong"
	for range 3 {
		d.wantWait(t, 0, wrong, address)
	}
	reads := d.kept.reads
	d.wantWait(t, 20, wrong, address)
	d.wantWait(t, 20, d.bearer, address)
	if d.kept.reads != reads {
		t.Error("a throttled sign-in reads the token")
	}
	d.wantsFrom(t, "Bearer "+d.bearer, "198.51.100.1") // the owner elsewhere
	_, other := d.mint(t)
	d.wantWait(t, 0, other, address)
	d.now = d.now.Add(20 * time.Second)
	d.wantWait(t, 0, d.bearer, address)
	d.wantWait(t, 0, wrong, address)
	d.wantWait(t, 20, wrong, address)
}

func TestGoodSignInsAreNoFailures(t *testing.T) {
	d := newThrottledDesk(t)
	for range 10 {
		d.wantWait(t, 0, d.bearer, address)
	}
	d.kept.broken = fault.New(fault.Unavailable, "away")
	d.now = d.now.Add(access.CacheTime)
	for range 10 {
		if _, err := d.checker.Authenticate(t.Context(), "Bearer "+d.bearer, address); !errors.Is(err,
			fault.Unavailable) {
			t.Fatalf("error = %v, want Unavailable", err)
		}
	}
}

// TestThrottlesAreBounded fails to sign in under more ids than a throttle remembers.
func TestThrottlesAreBounded(t *testing.T) {
	d := newThrottledDesk(t)
	for i := range 3000 {
		d.wantWait(t, 0, fmt.Sprint(i+1, "|wrong"), address)
	}
	if size := access.ThrottleSize(d.checker); size > 1000 {
		t.Errorf("%d buckets, want at most 1000", size)
	}
}

func TestAThrottleOfItsOwn(t *testing.T) {
	now := time.Now()
	throttle := access.NewThrottle(2, "calls")
	admit := func(key string, later time.Duration) int {
		err := throttle.Admit(key, now.Add(later))
		if early, is := errors.AsType[*access.ThrottledError](err); is {
			return early.Seconds()
		}
		return 0
	}
	for i, c := range []struct {
		key   string
		later time.Duration
		want  int
	}{{"a", 0, 0}, {"a", 0, 0}, {"a", 0, 30}, {"b", 0, 0}, {"a", 29 * time.Second, 1}, {"a",
		30 * time.Second, 0}} {
		if got := admit(c.key, c.later); got != c.want {
			t.Errorf("call %d has to wait %d s, want %d", i, got, c.want)
		}
	}
	if err := access.NewThrottle(0, "calls").Admit("a", now); err != nil {
		t.Errorf("without a limit: %v", err)
	}
}
