package dynamostore_test

import (
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// TestWaitingCostsFewRequests counts the requests of a deployment that waits for another, and
// the bytes of its list.
func TestWaitingCostsFewRequests(t *testing.T) {
	s := newStand(t)
	do(t, "Create", s.catalog.Create(t.Context(), s.service(otherID), audit.Entry{}))
	record := s.running(t)
	var waiting deployment.Record
	settle := func() error {
		_, err := s.deployments.Settle(t.Context(), waiting.ID, s.now.Add(time.Second))
		return err
	}
	s.checkCosts(t, []costedStep{
		{
			name: "Enqueue",
			call: func() error {
				waiting = s.enqueueAs(t, otherID, func(other *deployment.Record) {
					other.After = []deployment.Dependency{{Resource: serviceID, Deployment: record.ID}}
					other.QueuedAt = time.Time{}
				})
				return nil
			},
			want: map[string]int{"TransactWriteItems": 1, "GetItem": 1},
		},
		{
			name: "Settle of one that waits on",
			call: settle,
			want: map[string]int{"GetItem": 2, "BatchGetItem": 1},
		},
		{
			name: "Finish",
			call: func() error {
				return s.deployments.Finish(t.Context(), record.ID, record.Lease, record.Progress,
					deployment.Outcome{Status: deployment.Finished}, s.now)
			},
			want: map[string]int{"GetItem": 1, "TransactWriteItems": 1},
		},
		{
			name: "Waiters",
			call: func() error { _, err := s.deployments.Waiters(t.Context(), record.ID); return err },
			want: map[string]int{"Query": 1},
		},
		{
			name: "Settle of one that joins the queue",
			call: settle,
			want: map[string]int{"GetItem": 3, "BatchGetItem": 1, "TransactWriteItems": 1},
		},
		{
			name: "Settle of one that does not wait any more",
			call: settle,
			want: map[string]int{"GetItem": 1},
		},
	})
}

// TestTwoLooksAtAWaitingDeployment: what one look finds is not lost by another look that began
// earlier.
func TestTwoLooksAtAWaitingDeployment(t *testing.T) {
	s := newStand(t)
	var after []deployment.Dependency
	awaited := map[catalog.ID]deployment.Record{}
	resources := []catalog.ID{serviceID, otherID, "svc222222222222222222222"}
	for _, id := range resources {
		if id != serviceID {
			do(t, "Create", s.catalog.Create(t.Context(), s.service(id), audit.Entry{}))
		}
		record := s.enqueue(t, id)
		// The server runs two at once, so the third stays in its queue.
		if claimed, err := s.deployments.Claim(t.Context(), serverID, s.now); err == nil {
			record, err = s.deployments.Begin(t.Context(), claimed.ID, "one", s.now, time.Minute)
			do(t, "Begin", err)
		}
		awaited[id] = record
		after = append(after, deployment.Dependency{Resource: id, Deployment: awaited[id].ID})
	}
	const waiterID = catalog.ID("svc333333333333333333333")
	do(t, "Create", s.catalog.Create(t.Context(), s.service(waiterID), audit.Entry{}))
	waiting := s.enqueueAs(t, waiterID, func(record *deployment.Record) {
		record.After, record.QueuedAt = after, time.Time{}
	})
	finish := func(id catalog.ID) {
		record := awaited[id]
		do(t, "Finish", s.direct().Finish(t.Context(), record.ID, record.Lease, record.Progress,
			deployment.Outcome{Status: deployment.Finished}, s.now))
	}
	finish(resources[0])
	s.wire.just("TransactWriteItems", func() {
		finish(resources[1])
		_, err := s.direct().Settle(t.Context(), waiting.ID, s.now)
		do(t, "the other Settle", err)
	})
	_, err := s.deployments.Settle(t.Context(), waiting.ID, s.now)
	do(t, "Settle", err)
	got, err := s.history.Get(t.Context(), waiting.ID)
	do(t, "Get", err)
	for i, want := range []deployment.Status{deployment.Finished, deployment.Finished, ""} {
		if got.After[i].Status != want {
			t.Errorf("the result of dependency %d is %q, want %q", i, got.After[i].Status, want)
		}
	}
}
