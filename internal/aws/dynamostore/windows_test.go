package dynamostore_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/window"
)

// TestWindowsCostAStartNoRequest counts the requests of a start with and without windows of the
// team. The same batch reads the server and the team.
func TestWindowsCostAStartNoRequest(t *testing.T) {
	s := newStand(t)
	server, err := catalog.Find[*catalog.Server](t.Context(), s.catalog, serverID)
	do(t, "Find", err)
	server.HostKey, server.UpdatedAt = "ssh-ed25519 AAAA", s.now
	do(t, "Update", s.catalog.Update(t.Context(), server, time.Time{}, audit.Entry{}))
	requests := deployment.NewRequests(s.catalog, s.deployments,
		deployment.RequestsOptions{Now: func() time.Time { return s.now }})
	start := func() {
		s.now = s.now.Add(time.Second)
		_, err := requests.Request(t.Context(), deployment.Request{
			Resource: serviceID, Operation: deployment.Start, Options: deployment.Options{Force: true}})
		do(t, "Request", err)
	}
	stop := func() {
		record, err := s.deployments.Claim(t.Context(), serverID, s.now)
		do(t, "Claim", err)
		record, err = s.deployments.Begin(t.Context(), record.ID, "runner", s.now, time.Minute)
		do(t, "Begin", err)
		do(t, "Finish", s.deployments.Finish(t.Context(), record.ID, record.Lease, record.Progress,
			deployment.Outcome{Status: deployment.Failed}, s.now))
	}
	want := map[string]int{"BatchGetItem": 2, "TransactWriteItems": 1, "GetItem": 1}
	if diff := cmp.Diff(s.wire.count(start), want); diff != "" {
		t.Errorf("without windows (-got +want)\n%s", diff)
	}
	stop()
	do(t, "UpdateTeam", s.catalog.UpdateTeam(t.Context(), catalog.Team{
		Windows: window.Set{Allow: []string{"00:00-24:00 UTC"}}, UpdatedAt: s.now}, time.Time{},
		audit.Entry{}))
	if diff := cmp.Diff(s.wire.count(start), want); diff != "" {
		t.Errorf("with windows (-got +want)\n%s", diff)
	}
}
