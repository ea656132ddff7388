package dynamostore_test

import (
	"testing"
	"time"

	"waybill/internal/audit"
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
