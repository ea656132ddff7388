package deploymenttest

import (
	"slices"
	"testing"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func repairCases() []testCase {
	return []testCase{
		{"TestP6: what ended and kept slot and resource loses both", testRepairKeptSlot},
		{"what ended and kept its place in the queue loses it", testRepairKeptPlace},
		{"a deleted record leaves no place occupied", testRepairGone},
		{"what runs and still stands in the queue leaves the queue only", testRepairRunningInQueue},
		{"a text that is no uuid is taken out", testRepairNonsense},
		{"a server that is full of orphaned entries is free again", testRepairMany},
		{"what is right is not orphaned, and repairing it changes nothing", testRepairRight},
		{"a resource that has a newer one keeps it", testRepairNewer},
		{"until it is repaired, an orphaned entry in the queue blocks no deployment",
			testOrphanedDoesNotBlock},
		{"a queued one that lost its places can be cancelled", testCancelWithoutPlaces},
		{"TestP6: one in progress that lost its places can be ended", testFinishWithoutPlaces},
		{"TestP6: one in progress whose resource is gone can be ended, and whose server is",
			testFinishOfGone},
	}
}

// orphaned returns the orphaned entries of the server, sorted.
func (w *world) orphaned(t *testing.T, server catalog.ID) []deployment.ID {
	t.Helper()
	load, err := w.History.Load(t.Context(), server)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return slices.Sorted(slices.Values(load.Orphaned))
}

// wantRepaired checks that these are the orphaned entries of the server, repairs each twice,
// and checks that none is left.
func (w *world) wantRepaired(t *testing.T, server catalog.ID, want ...deployment.ID) {
	t.Helper()
	slices.Sort(want)
	wantSame(t, "the orphaned entries", w.orphaned(t, server), want)
	for range 2 {
		for _, id := range want {
			if err := w.Ledger.Repair(t.Context(), server, id); err != nil {
				t.Fatalf("Repair: %v", err)
			}
		}
		wantSame(t, "the orphaned entries afterwards", w.orphaned(t, server), nil)
	}
}

// ended stores an ended record and leaves its places alone.
func (w *world) ended(t *testing.T, record deployment.Record) {
	t.Helper()
	record.Status, record.FinishedAt = deployment.Failed, w.tick()
	w.Damage.Save(t, record)
}

func testRepairKeptSlot(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	record := w.running(t, service, server)
	next := w.enqueue(t, service, server)
	w.ended(t, record)
	w.claimsNothing(t, server)
	running, queue := w.load(t, server)
	wantSame(t, "what runs", running, nil)
	wantSame(t, "what waits", queue, []deployment.ID{next.ID})
	w.wantRepaired(t, server, record.ID)
	wantSame(t, "the state", w.state(t, service), catalog.State{Queued: string(next.ID), Deployments: 2})
	wantSame(t, "the claimed one", w.claim(t, server).ID, next.ID)
}

func testRepairKeptPlace(t *testing.T, w *world) {
	server := w.server(t, 2, 2)
	service := w.service(t, server)
	record := w.enqueue(t, service, server)
	next := w.enqueue(t, w.service(t, server), server)
	w.ended(t, record)
	w.wantRepaired(t, server, record.ID)
	wantSame(t, "the state", w.state(t, service), catalog.State{Deployments: 1})
	_, queue := w.load(t, server)
	wantSame(t, "what waits", queue, []deployment.ID{next.ID})
	w.enqueue(t, service, server)
}

func testRepairGone(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service, other := w.service(t, server), w.application(t, server)
	running := w.running(t, service, server)
	queued := w.enqueue(t, other, server)
	w.Damage.Forget(t, running.ID)
	w.Damage.Forget(t, queued.ID)
	w.wantRepaired(t, server, queued.ID, running.ID)
	for _, resource := range []catalog.ID{service, other} {
		wantSame(t, "the state", w.state(t, resource), catalog.State{Deployments: 1})
	}
	w.enqueue(t, other, server)
	w.claim(t, server)
}

func testRepairRunningInQueue(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	service := w.service(t, server)
	record := w.running(t, service, server)
	next := w.enqueue(t, w.service(t, server), server)
	id := string(record.ID)
	w.Damage.SetPlaces(t, server, []deployment.ID{record.ID}, []deployment.ID{record.ID, next.ID, record.ID})
	w.Damage.SetState(t, service, catalog.State{Queued: id, Running: id, Deployments: 1})
	wantSame(t, "the orphaned entries", w.orphaned(t, server), []deployment.ID{record.ID, record.ID})
	if err := w.Ledger.Repair(t.Context(), server, record.ID); err != nil {
		t.Fatal(err)
	}
	running, queue := w.load(t, server)
	wantSame(t, "what runs", running, []deployment.ID{record.ID})
	wantSame(t, "what waits", queue, []deployment.ID{next.ID})
	wantSame(t, "the state", w.state(t, service), catalog.State{Running: id, Deployments: 1})
	w.finish(t, record, deployment.Outcome{Status: deployment.Finished})
}

func testRepairNonsense(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	record := w.enqueue(t, w.service(t, server), server)
	w.Damage.SetPlaces(t, server, []deployment.ID{"svc"},
		[]deployment.ID{"no uuid", record.ID, deployment.ID(server)})
	w.wantRepaired(t, server, "no uuid", deployment.ID(server), "svc")
	wantSame(t, "the claimed one", w.claim(t, server).ID, record.ID)
}

func testRepairMany(t *testing.T, w *world) {
	server := w.server(t, 3, 25)
	var records []deployment.Record
	for range 3 {
		records = append(records, w.running(t, w.service(t, server), server))
	}
	for range 3 {
		records = append(records, w.enqueue(t, w.service(t, server), server))
	}
	last := w.enqueue(t, w.service(t, server), server)
	for _, record := range records {
		w.ended(t, record)
	}
	w.claimsNothing(t, server)
	for _, id := range w.orphaned(t, server) {
		if err := w.Ledger.Repair(t.Context(), server, id); err != nil {
			t.Errorf("Repair: %v", err)
		}
	}
	wantSame(t, "the orphaned entries", w.orphaned(t, server), nil)
	wantSame(t, "the claimed one", w.claim(t, server).ID, last.ID)
}

func testRepairRight(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	service, other, idle := w.service(t, server), w.service(t, server), w.service(t, server)
	done := w.running(t, idle, server)
	w.finish(t, done, deployment.Outcome{Status: deployment.Finished})
	running, queued := w.running(t, service, server), w.enqueue(t, other, server)
	cancelled := w.enqueue(t, idle, server)
	w.cancel(t, cancelled.ID, "ops")
	wantSame(t, "the orphaned entries", w.orphaned(t, server), nil)
	unknown := w.record(t, idle, server).ID
	for _, id := range []deployment.ID{running.ID, queued.ID, done.ID, cancelled.ID, unknown, "",
		"nonsense"} {
		before := w.everything(t, server, service, other, idle)
		for _, place := range []catalog.ID{server, w.server(t, 1, 1), newID(t, catalog.KindServer), ""} {
			if err := w.Ledger.Repair(t.Context(), place, id); err != nil {
				t.Errorf("Repair of %q on %q: %v", id, place, err)
			}
		}
		wantSame(t, "the whole", w.everything(t, server, service, other, idle), before)
	}
	wantSame(t, "the running record", w.get(t, running.ID), running)
	wantSame(t, "the queued record", w.get(t, queued.ID), queued)
}

func testOrphanedDoesNotBlock(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	gone, done := w.enqueue(t, w.service(t, server), server), w.enqueue(t, w.service(t, server), server)
	next := w.enqueue(t, w.service(t, server), server)
	w.Damage.Forget(t, gone.ID)
	w.ended(t, done)
	wantSame(t, "the claimed one", w.claim(t, server).ID, next.ID)
	w.claimsNothing(t, server)
	w.wantRepaired(t, server, gone.ID, done.ID)
}

// everything is the load of a server and the states of its resources.
func (w *world) everything(t *testing.T, server catalog.ID, resources ...catalog.ID) []any {
	t.Helper()
	load, err := w.History.Load(t.Context(), server)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	all := []any{load}
	for _, resource := range resources {
		all = append(all, w.state(t, resource))
	}
	return all
}

func testRepairNewer(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	service := w.service(t, server)
	old := w.running(t, service, server)
	w.finish(t, old, deployment.Outcome{Status: deployment.Finished})
	newer := w.running(t, service, server)
	w.Damage.SetPlaces(t, server, []deployment.ID{old.ID, newer.ID}, nil)
	w.wantRepaired(t, server, old.ID)
	wantSame(t, "the state", w.state(t, service), catalog.State{Running: string(newer.ID), Deployments: 2})
	running, _ := w.load(t, server)
	wantSame(t, "what runs", running, []deployment.ID{newer.ID})
}

func testCancelWithoutPlaces(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	record := w.enqueue(t, service, server)
	w.Damage.SetPlaces(t, server, nil, nil)
	w.claimsNothing(t, server)
	if got := w.cancel(t, record.ID, "ops"); got.Status != deployment.Cancelled {
		t.Errorf("it is %s", got.Status)
	}
	wantSame(t, "the state", w.state(t, service), catalog.State{Deployments: 1})
}

func testFinishWithoutPlaces(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	for _, lost := range []struct{ slot, resource bool }{{slot: true}, {resource: true},
		{slot: true, resource: true}} {
		service := w.service(t, server)
		record := w.running(t, service, server)
		want := catalog.State{Status: "exited", Deployments: 1}
		if lost.slot {
			w.Damage.SetPlaces(t, server, nil, nil)
		}
		if lost.resource { // what another deployment left on it stays
			want.Status = "running"
			w.Damage.SetState(t, service, want)
		}
		w.finish(t, record, deployment.Outcome{Status: deployment.Failed, ResourceStatus: "exited"})
		if got := w.get(t, record.ID).Status; got != deployment.Failed {
			t.Errorf("it is %s", got)
		}
		wantSame(t, "the state", w.state(t, service), want)
		wantSame(t, "the orphaned entries", w.orphaned(t, server), nil)
	}
	w.running(t, w.service(t, server), server)
}

// testFinishOfGone ends the delete of a resource whose catalog entry has been removed by hand.
func testFinishOfGone(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	outcome := deployment.Outcome{Status: deployment.Finished, ResourceStatus: "exited"}
	for _, resource := range []catalog.ID{w.service(t, server), w.database(t, server),
		w.application(t, server)} {
		record := w.running(t, resource, server)
		w.Damage.SetState(t, resource, catalog.State{})
		if err := w.Store.Delete(t.Context(), resource, audit.Entry{}); err != nil {
			t.Fatal(err)
		}
		w.finish(t, record, outcome)
		if got := w.get(t, record.ID); got.Status != deployment.Finished || got.Outcome != outcome {
			t.Errorf("it is %s with %+v", got.Status, got.Outcome)
		}
		_, err := w.Store.Get(t.Context(), resource)
		wantKind(t, err, fault.NotFound)
		running, _ := w.load(t, server)
		wantSame(t, "what runs", running, nil)
	}
	resource := w.service(t, server)
	record := w.running(t, resource, server)
	w.Damage.SetState(t, resource, catalog.State{})
	w.Damage.SetPlaces(t, server, nil, nil)
	for _, gone := range []catalog.ID{resource, server} {
		if err := w.Store.Delete(t.Context(), gone, audit.Entry{}); err != nil {
			t.Fatal(err)
		}
	}
	w.finish(t, record, outcome)
}
