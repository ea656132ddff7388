// Package notifytest checks the stores of package notify.
package notifytest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/notify"
)

// Store is a store with both of its sides.
type Store interface {
	notify.Deliveries
	notify.Marks
}

const (
	one   = catalog.ID("ntf000000000000000000001")
	other = catalog.ID("ntf000000000000000000002")
)

// at is the time of the first message.
func at() time.Time { return time.Date(2026, 8, 22, 10, 0, 0, 1000, time.UTC) }

// TestStore checks a store of deliveries and marks.
func TestStore(t *testing.T, store Store) {
	t.Run("a delivery is found as it was put", func(t *testing.T) { testPut(t, store) })
	t.Run("a delivery that is over stays", func(t *testing.T) { testOver(t, store) })
	t.Run("deliveries are listed newest first", func(t *testing.T) { testList(t, store) })
	t.Run("a mark is noted once", func(t *testing.T) { testMarks(t, store) })
	t.Run("a cancelled context is an error", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := store.Put(ctx, notify.Delivery{ID: "late", Notification: one, At: at()}); err == nil {
			t.Error("Put did not fail")
		}
		if _, _, err := store.Mark(ctx, "late", at()); err == nil {
			t.Error("Mark did not fail")
		}
	})
}

func jobOf(d notify.Delivery) notify.Job {
	return notify.Job{ID: d.ID, Notification: d.Notification, At: d.At}
}

func put(t *testing.T, store Store, d notify.Delivery) {
	t.Helper()
	if err := store.Put(t.Context(), d); err != nil {
		t.Fatalf("Put: %v", err)
	}
}

func wantFound(t *testing.T, store Store, want notify.Delivery) {
	t.Helper()
	got, err := store.Find(t.Context(), jobOf(want))
	if diff := cmp.Diff(got, want); diff != "" || err != nil {
		t.Errorf("Find (%v), -got +want:\n%s", err, diff)
	}
}

func testPut(t *testing.T, store Store) {
	d := notify.Delivery{ID: "job_1", Notification: one, Event: catalog.EventFailed, Deployment: "svc1",
		At: at(), Status: notify.Retrying, Attempts: 1, Code: 500, Response: "no tea",
		UpdatedAt: at().Add(time.Second), NextAt: at().Add(time.Minute)}
	if got, err := store.Find(t.Context(), jobOf(d)); err != nil || got.Status != "" {
		t.Errorf("Find of nothing: %+v, %v", got, err)
	}
	put(t, store, d)
	wantFound(t, store, d)
	d.Attempts, d.Code, d.Response, d.NextAt = 2, 0, "", time.Time{}
	put(t, store, d)
	wantFound(t, store, d)
}

func testOver(t *testing.T, store Store) {
	for _, status := range []notify.DeliveryStatus{notify.Delivered, notify.Dead} {
		over := notify.Delivery{ID: "job_" + string(status), Notification: one, At: at(), Status: status,
			Attempts: 3, UpdatedAt: at()}
		put(t, store, over)
		late := over
		late.Status, late.Attempts = notify.Retrying, 4
		put(t, store, late)
		wantFound(t, store, over)
	}
}

func testList(t *testing.T, store Store) {
	var want []string
	for i := range 5 {
		id := fmt.Sprintf("job_%d", i)
		put(t, store, notify.Delivery{ID: id, Notification: other,
			At:     at().Add(time.Duration(i) * time.Hour),
			Status: notify.Delivered, UpdatedAt: at()})
		want = append([]string{id}, want...)
	}
	all, err := store.List(t.Context(), other, 3)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range all {
		got = append(got, d.ID)
	}
	if diff := cmp.Diff(got, want[:3]); diff != "" {
		t.Errorf("List, -got +want:\n%s", diff)
	}
	if all, err := store.List(t.Context(), "ntf000000000000000000003", 3); err != nil || len(all) != 0 {
		t.Errorf("List of nothing: %v, %v", all, err)
	}
}

func testMarks(t *testing.T, store Store) {
	check := func(now time.Time, wantDone bool) {
		t.Helper()
		first, done, err := store.Mark(t.Context(), "dep_stuck", now)
		if err != nil || !first.Equal(at()) || done != wantDone {
			t.Errorf("Mark: %s, %t, %v; want %s, %t", first, done, err, at(), wantDone)
		}
	}
	check(at(), false)
	check(at().Add(time.Minute), false)
	if err := store.Done(t.Context(), "dep_stuck"); err != nil {
		t.Fatal(err)
	}
	check(at().Add(time.Hour), true)
}
