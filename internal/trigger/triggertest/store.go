// Package triggertest is the contract of trigger.Store as tests: every implementation runs it.
package triggertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/catalog/catalogtest"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/trigger"
)

// world is an empty store with a clock.
type world struct {
	trigger.Store
	now time.Time
}

// start is the time at the beginning of each test.
func start() time.Time { return time.Date(2026, 11, 30, 18, 0, 0, 123456000, time.UTC) }

// The resources of the tests.
const (
	one   = catalog.ID("app000000000000000000001")
	other = catalog.ID("svc000000000000000000002")
)

// TestStore checks what every [trigger.Store] promises. newStore returns an empty one.
func TestStore(t *testing.T, newStore func(*testing.T) trigger.Store) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, w *world)
	}{
		{"an event is stored once, with its first arrival", testReceive},
		{"a time after the arrival is the arrival", testCapsTime},
		{"an unknown event is NotFound", testUnknown},
		{"results are stored by resource, and the last one counts", testRecord},
		{"an event with many results", testManyResults},
		{"a result of an event that has expired is dropped", testExpired},
		{"a slot has all of its fields", testSlot},
		{"a slot that has changed is Conflict, and nothing is stored", testChanged},
		{"of several at once, one changes the slot", testRaces},
		{"what is due is found, the longest first", testDue},
		{"what was moved or has ended is not due", testMoved},
		{"the recent events are listed, the newest first", testRecent},
		{"a cancelled context does nothing", testCancelled},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, &world{newStore(t), start()}) })
	}
}

// event is an event with every kind of member at rest.
func event(id string, at time.Time) trigger.Event {
	return trigger.Event{Version: trigger.Version, ID: "object/" + id, Source: trigger.Object, Time: at,
		Causes: []deployment.ID{"app0000000000000000000010000000000000000"},
		Object: &trigger.Created{Bucket: "deliveries", Key: "a/ü.zip", Version: "v1", Size: 7}}
}

func (w *world) receive(t *testing.T, id string) trigger.Received {
	t.Helper()
	w.now = w.now.Add(time.Second)
	received, err := w.Receive(t.Context(), event(id, w.now.Add(-time.Minute)), w.now)
	if err != nil {
		t.Fatalf("Receive: %v", err)
	}
	return received
}

func (w *world) get(t *testing.T, id string) trigger.Received {
	t.Helper()
	received, err := w.Get(t.Context(), id)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return received
}

func (w *world) slot(t *testing.T, resource catalog.ID) trigger.Slot {
	t.Helper()
	slot, err := w.Slot(t.Context(), resource)
	if err != nil {
		t.Fatalf("Slot: %v", err)
	}
	return slot
}

func (w *world) save(t *testing.T, slot trigger.Slot, results map[string]trigger.Result) trigger.Slot {
	t.Helper()
	if err := w.Save(t.Context(), slot, results); err != nil {
		t.Fatalf("Save: %v", err)
	}
	return w.slot(t, slot.Resource)
}

func (w *world) due(t *testing.T, at time.Time, limit int) []catalog.ID {
	t.Helper()
	found, err := w.Due(t.Context(), at, limit)
	if err != nil {
		t.Fatalf("Due: %v", err)
	}
	return found
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("%s (-got +want):\n%s", what, diff)
	}
}

func testReceive(t *testing.T, w *world) {
	first := w.receive(t, "a")
	want := trigger.Received{Event: event("a", w.now.Add(-time.Minute)), Arrival: w.now,
		Results: map[catalog.ID]trigger.Result{}}
	same(t, "the first one", first, want)
	repeat := event("a", w.now)
	repeat.Object.Key = "another"
	again, err := w.Receive(t.Context(), repeat, w.now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the repeat", again, want)
	same(t, "the stored one", w.get(t, "object/a"), want)
}

func testCapsTime(t *testing.T, w *world) {
	received, err := w.Receive(t.Context(), event("a", w.now.Add(time.Hour)), w.now)
	if err != nil || !received.Time.Equal(w.now) {
		t.Errorf("an event of the future has the time %v, want %v; %v", received.Time, w.now, err)
	}
	same(t, "the stored one", w.get(t, "object/a"), received)
}

func testUnknown(t *testing.T, w *world) {
	if _, err := w.Get(t.Context(), "bus/none"); !errors.Is(err, fault.NotFound) {
		t.Errorf("Get of nothing: %v, want NotFound", err)
	}
	same(t, "the slot of nothing", w.slot(t, one), trigger.Slot{Resource: one})
}

func (w *world) result(outcome trigger.Outcome) trigger.Result {
	return trigger.Result{Outcome: outcome, Reason: "Because.", Into: "bus/x",
		Deployment: "app0000000000000000000010000000000000000", Until: w.now.Add(time.Minute), At: w.now}
}

func testRecord(t *testing.T, w *world) {
	received := w.receive(t, "a")
	for _, results := range []map[catalog.ID]trigger.Result{
		{one: w.result(trigger.Waiting), "": w.result(trigger.Dead)},
		{one: w.result(trigger.Started)},
	} {
		if err := w.Record(t.Context(), received.ID, results, false); err != nil {
			t.Fatal(err)
		}
	}
	want := received
	want.Results = map[catalog.ID]trigger.Result{one: w.result(trigger.Started), "": w.result(trigger.Dead)}
	same(t, "before it is settled", w.get(t, received.ID), want)
	if err := w.Record(t.Context(), received.ID, nil, true); err != nil {
		t.Fatal(err)
	}
	want.Settled = true
	same(t, "after it is settled", w.get(t, received.ID), want)
}

func testManyResults(t *testing.T, w *world) {
	received := w.receive(t, "a")
	results := map[catalog.ID]trigger.Result{}
	for i := range 100 {
		results[catalog.ID(fmt.Sprintf("app%021d", i))] = w.result(trigger.Merged)
	}
	if err := w.Record(t.Context(), received.ID, results, true); err != nil {
		t.Fatal(err)
	}
	same(t, "the results", w.get(t, received.ID).Results, results)
}

func testExpired(t *testing.T, w *world) {
	results := map[catalog.ID]trigger.Result{one: w.result(trigger.Started)}
	if err := w.Record(t.Context(), "bus/none", results, true); err != nil {
		t.Errorf("Record: %v", err)
	}
	slot := w.save(t, trigger.Slot{Resource: one}, map[string]trigger.Result{
		"bus/none": w.result(trigger.Started)})
	if slot.Revision != 1 {
		t.Errorf("the slot has revision %d, want 1", slot.Revision)
	}
	if _, err := w.Get(t.Context(), "bus/none"); !errors.Is(err, fault.NotFound) {
		t.Errorf("a result has made an event: %v", err)
	}
}

// filled is a slot with a value in every field.
func (w *world) filled(t *testing.T) trigger.Slot {
	t.Helper()
	slot := trigger.Slot{}
	catalogtest.Fill(t, &slot)
	slot.Resource, slot.Revision = one, 0
	// What no event can ask for is not stored.
	slot.Pending.Work.Options.DeleteVolumes = false
	slot.Pending.Work.Options.Configuration = ""
	slot.Pending.Work.Trigger.TokenID = ""
	return slot
}

func testSlot(t *testing.T, w *world) {
	received := w.receive(t, "a")
	want := w.filled(t)
	got := w.save(t, want, map[string]trigger.Result{received.ID: w.result(trigger.Waiting)})
	want.Revision = 1
	same(t, "the slot", got, want)
	same(t, "the result of the event", w.get(t, received.ID).Results,
		map[catalog.ID]trigger.Result{one: w.result(trigger.Waiting)})
	want.Pending = nil
	got = w.save(t, want, nil)
	want.Revision = 2
	same(t, "the slot without a pending event", got, want)
	same(t, "the slot of another", w.slot(t, other), trigger.Slot{Resource: other})
}

func testChanged(t *testing.T, w *world) {
	received := w.receive(t, "a")
	first := w.filled(t)
	stored := w.save(t, first, nil)
	for _, revision := range []int{0, 2} {
		late := first
		late.Revision, late.Deployment = revision, "late"
		late.Pending = nil
		err := w.Save(t.Context(), late, map[string]trigger.Result{received.ID: w.result(trigger.Started)})
		if !errors.Is(err, fault.Conflict) {
			t.Errorf("revision %d: %v, want Conflict", revision, err)
		}
	}
	same(t, "the slot", w.slot(t, one), stored)
	same(t, "the results", w.get(t, received.ID).Results, map[catalog.ID]trigger.Result{})
}

func testRaces(t *testing.T, w *world) {
	const racers = 8
	var won atomic.Int64
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() {
			slot := trigger.Slot{Resource: one, Deployment: deployment.ID(fmt.Sprint(i)),
				Pending: &trigger.Pending{Due: w.now.Add(time.Duration(i) * time.Second)}}
			switch err := w.Save(t.Context(), slot, nil); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, fault.Conflict):
				t.Errorf("Save: %v", err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d have changed the slot, want 1", won.Load())
	}
	same(t, "what is due", w.due(t, w.now.Add(time.Hour), racers), []catalog.ID{one})
}

func (w *world) waits(t *testing.T, resource catalog.ID, due time.Time) trigger.Slot {
	t.Helper()
	return w.save(t, trigger.Slot{Resource: resource, Pending: &trigger.Pending{Due: due}}, nil)
}

func testDue(t *testing.T, w *world) {
	w.waits(t, one, w.now.Add(time.Second))
	w.waits(t, other, w.now)
	third := catalog.ID("dbs000000000000000000003")
	w.waits(t, third, w.now.Add(24*time.Hour))
	for _, c := range []struct {
		at    time.Time
		limit int
		want  []catalog.ID
	}{
		{w.now.Add(-time.Microsecond), 10, []catalog.ID{}},
		{w.now, 10, []catalog.ID{other}},
		{w.now.Add(time.Second), 10, []catalog.ID{other, one}},
		{w.now.Add(time.Second), 1, []catalog.ID{other}},
		{w.now.Add(48 * time.Hour), 10, []catalog.ID{other, one, third}},
	} {
		if got := w.due(t, c.at, c.limit); len(got)+len(c.want) > 0 {
			same(t, fmt.Sprint("due at ", c.at, " at most ", c.limit), got, c.want)
		}
	}
}

func testMoved(t *testing.T, w *world) {
	slot := w.waits(t, one, w.now)
	slot.Pending.Due = w.now.Add(time.Minute)
	slot = w.save(t, slot, nil)
	if got := w.due(t, w.now, 10); len(got) > 0 {
		t.Errorf("due are %v, want none before the new time", got)
	}
	same(t, "due later", w.due(t, w.now.Add(time.Minute), 10), []catalog.ID{one})
	slot.Pending.Starting = true // without another time
	slot = w.save(t, slot, nil)
	same(t, "due when it starts", w.due(t, w.now.Add(time.Minute), 10), []catalog.ID{one})
	slot.Pending = nil
	w.save(t, slot, nil)
	if got := w.due(t, w.now.Add(time.Hour), 10); len(got) > 0 {
		t.Errorf("due are %v, want none after the end", got)
	}
}

func testRecent(t *testing.T, w *world) {
	var want []string
	for i := range 130 {
		want = append([]string{w.receive(t, fmt.Sprint(i)).ID}, want...)
	}
	w.receive(t, "0") // a repeat does not move it
	for _, limit := range []int{1, 100, 120} {
		recent, err := w.Recent(t.Context(), limit)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, one := range recent {
			got = append(got, one.ID)
		}
		same(t, fmt.Sprintf("the recent %d", limit), got, want[:limit])
	}
	if !strings.HasSuffix(want[0], "129") {
		t.Errorf("the newest is %s", want[0])
	}
}

func testCancelled(t *testing.T, w *world) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Receive(ctx, event("a", w.now), w.now); err == nil {
		t.Error("Receive works after the end of its context")
	}
	if err := w.Save(ctx, trigger.Slot{Resource: one}, nil); err == nil {
		t.Error("Save works after the end of its context")
	}
	if _, err := w.Get(t.Context(), "object/a"); !errors.Is(err, fault.NotFound) {
		t.Errorf("an event was stored: %v", err)
	}
}
