// Package idempotencytest is the contract of idempotency.Store as tests: every
// implementation runs it.
package idempotencytest

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/idempotency"
)

// start is when the first run of each test begins.
func start() time.Time { return time.Date(2026, 8, 22, 10, 0, 0, 123456000, time.UTC) }

// TestStore checks what every [idempotency.Store] promises.
func TestStore(t *testing.T, store idempotency.Store) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, w world)
	}{
		{"a new request takes its key", takesNew},
		{"a repeat during the first run is Conflict", refusesDuringRun},
		{"another content is Invalid, at any time", refusesOtherContent},
		{"another key does not collide", takesOtherKey},
		{"a repeat after Complete has the result", hasResult},
		{"a result may have no ids, or many", keepsIDs},
		{"a repeat after Suspend runs with the same seed", runsAfterSuspend},
		{"a repeat after a dead run runs with the same seed", runsAfterDeadRun},
		{"a repeat after Release is a new request", forgets},
		{"the window ends exactly, with or without a result", endsWindow},
		{"a run that was taken over changes nothing", ignoresOldRun},
		{"a run ends once", endsOnce},
		{"of several at once, one takes the key", takesOnce},
		{"of several at once after a dead run, one takes the key", takesOnceAgain},
		{"a cancelled context does nothing", doesNothingCancelled},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, world{store, newRequest(t, rand.Text(), "a")}) })
	}
}

type world struct {
	idempotency.Store
	request idempotency.Request
}

func newRequest(t *testing.T, key, body string) idempotency.Request {
	t.Helper()
	request, err := idempotency.NewRequest(key, "1", "POST", "/", url.Values{}, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return request
}

// seed is a seed that depends on n.
func seed(n byte) idempotency.Seed { return idempotency.Seed{0: n, 15: ^n} }

// take takes the key of the world's request after a time, with a seed of its own.
func (w world) take(t *testing.T, n byte, after time.Duration) (idempotency.Key, error) {
	t.Helper()
	return w.Take(t.Context(), w.request, seed(n), start().Add(after))
}

// taken is take, which must succeed.
func (w world) taken(t *testing.T, n byte, after time.Duration) idempotency.Key {
	t.Helper()
	got, err := w.take(t, n, after)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func wantKey(t *testing.T, got, want idempotency.Key) {
	t.Helper()
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("key (-got +want)\n%s", diff)
	}
}

func wantError(t *testing.T, err error, kind fault.Kind, cause error) {
	t.Helper()
	if !errors.Is(err, kind) || cause != nil && !errors.Is(err, cause) {
		t.Errorf("error = %v, want %v with %v", err, kind, cause)
	}
}

func do(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func takesNew(t *testing.T, w world) {
	wantKey(t, w.taken(t, 1, 0), idempotency.NewKey(w.request, seed(1), start()))
}

func refusesDuringRun(t *testing.T, w world) {
	w.taken(t, 1, 0)
	for _, after := range []time.Duration{0, idempotency.RunLimit - time.Microsecond} {
		_, err := w.take(t, 2, after)
		wantError(t, err, fault.Conflict, idempotency.ErrRunning)
	}
}

func refusesOtherContent(t *testing.T, w world) {
	first := w.taken(t, 1, 0)
	other := w
	other.request.Content[31]++
	refused := func(after time.Duration) {
		t.Helper()
		_, err := other.take(t, 2, after)
		wantError(t, err, fault.Invalid, idempotency.ErrOtherContent)
		if fault.Fields(err)["Idempotency-Key"] == nil {
			t.Errorf("the error %v names no field", err)
		}
	}
	refused(0)
	refused(idempotency.RunLimit)
	do(t, w.Complete(t.Context(), first, idempotency.Result{Status: 201}))
	refused(idempotency.Window - time.Microsecond)
}

func takesOtherKey(t *testing.T, w world) {
	w.taken(t, 1, 0)
	w.request = newRequest(t, rand.Text(), "a")
	wantKey(t, w.taken(t, 2, 0), idempotency.NewKey(w.request, seed(2), start()))
}

func hasResult(t *testing.T, w world) {
	first := w.taken(t, 1, 0)
	result := idempotency.Result{Status: 201, IDs: []string{"one", "two"}}
	do(t, w.Complete(t.Context(), first, result))
	want := first
	want.Result = &result
	for _, after := range []time.Duration{0, idempotency.RunLimit, idempotency.Window - time.Microsecond} {
		wantKey(t, w.taken(t, 2, after), want)
	}
}

func keepsIDs(t *testing.T, w world) {
	for _, ids := range [][]string{nil, make([]string, 100)} {
		for i := range ids {
			ids[i] = rand.Text()
		}
		w.request = newRequest(t, rand.Text(), "a")
		do(t, w.Complete(t.Context(), w.taken(t, 1, 0), idempotency.Result{Status: 200, IDs: ids}))
		if diff := cmp.Diff(w.taken(t, 2, 0).Result.IDs, ids); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	}
}

// second is the key in the second run of a request.
func (w world) second(after time.Duration) idempotency.Key {
	second := idempotency.NewKey(w.request, seed(1), start())
	second.Run, second.RunningUntil = 2, start().Add(after+idempotency.RunLimit)
	return second
}

func runsAfterSuspend(t *testing.T, w world) {
	do(t, w.Suspend(t.Context(), w.taken(t, 1, 0)))
	wantKey(t, w.taken(t, 2, time.Second), w.second(time.Second))
	_, err := w.take(t, 3, 2*time.Second)
	wantError(t, err, fault.Conflict, idempotency.ErrRunning)
}

func runsAfterDeadRun(t *testing.T, w world) {
	w.taken(t, 1, 0)
	second := w.taken(t, 2, idempotency.RunLimit)
	wantKey(t, second, w.second(idempotency.RunLimit))
	do(t, w.Complete(t.Context(), second, idempotency.Result{Status: 201, IDs: []string{"one"}}))
	if got := w.taken(t, 3, time.Hour); got.Result == nil || got.Run != 2 {
		t.Errorf("key = %+v, want the result of the second run", got)
	}
}

func forgets(t *testing.T, w world) {
	do(t, w.Release(t.Context(), w.taken(t, 1, 0)))
	w.request.Content[0]++
	wantKey(t, w.taken(t, 2, 0), idempotency.NewKey(w.request, seed(2), start()))
}

func endsWindow(t *testing.T, w world) {
	for _, result := range []bool{false, true} {
		w.request = newRequest(t, rand.Text(), "a")
		first := w.taken(t, 1, 0)
		if result {
			do(t, w.Complete(t.Context(), first, idempotency.Result{Status: 201}))
		}
		later := w
		later.request.Content[0]++
		wantKey(t, later.taken(t, 2, idempotency.Window),
			idempotency.NewKey(later.request, seed(2), start().Add(idempotency.Window)))
	}
}

func ignoresOldRun(t *testing.T, w world) {
	first := w.taken(t, 1, 0)
	second := w.taken(t, 2, idempotency.RunLimit)
	w.endedIs(t, first)
	do(t, w.Complete(t.Context(), second, idempotency.Result{Status: 201}))
	w.endedIs(t, first)
	if got := w.taken(t, 3, time.Hour); got.Result == nil || got.Result.Status != 201 {
		t.Errorf("result = %+v, want the one of the second run", got.Result)
	}
}

// endedIs checks that the run of the key cannot end again.
func (w world) endedIs(t *testing.T, key idempotency.Key) {
	t.Helper()
	wantError(t, w.Complete(t.Context(), key, idempotency.Result{Status: 500}), fault.Conflict, nil)
	wantError(t, w.Suspend(t.Context(), key), fault.Conflict, nil)
	wantError(t, w.Release(t.Context(), key), fault.Conflict, nil)
}

func endsOnce(t *testing.T, w world) {
	ended := w.taken(t, 1, 0)
	do(t, w.Complete(t.Context(), ended, idempotency.Result{Status: 201}))
	w.endedIs(t, ended)
	w.request = newRequest(t, rand.Text(), "a")
	released := w.taken(t, 1, 0)
	do(t, w.Release(t.Context(), released))
	w.endedIs(t, released)
}

// atOnce takes the key 8 times at the same time and returns how many ran.
func (w world) atOnce(t *testing.T, after time.Duration) int32 {
	t.Helper()
	var ran atomic.Int32
	var wait sync.WaitGroup
	for n := range byte(8) {
		wait.Go(func() {
			switch _, err := w.take(t, n, after); {
			case err == nil:
				ran.Add(1)
			case !errors.Is(err, idempotency.ErrRunning):
				t.Errorf("Take: %v", err)
			}
		})
	}
	wait.Wait()
	return ran.Load()
}

func takesOnce(t *testing.T, w world) {
	if ran := w.atOnce(t, 0); ran != 1 {
		t.Errorf("%d ran, want 1", ran)
	}
}

func takesOnceAgain(t *testing.T, w world) {
	w.taken(t, 1, 0)
	if ran := w.atOnce(t, idempotency.RunLimit); ran != 1 {
		t.Errorf("%d ran, want 1", ran)
	}
}

func doesNothingCancelled(t *testing.T, w world) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Take(ctx, w.request, seed(1), start()); err == nil {
		t.Error("Take works without a context")
	}
	key := w.taken(t, 2, 0)
	for name, err := range map[string]error{
		"Complete": w.Complete(ctx, key, idempotency.Result{Status: 201}),
		"Suspend":  w.Suspend(ctx, key), "Release": w.Release(ctx, key),
	} {
		if err == nil {
			t.Errorf("%s works without a context", name)
		}
	}
	_, err := w.take(t, 3, 0)
	wantError(t, err, fault.Conflict, idempotency.ErrRunning)
}
