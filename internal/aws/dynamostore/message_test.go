package dynamostore_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/deployment"
)

// TestTheMessageOfACommitIsInTheRecordIfItFits ends deployments with a message of a commit,
// and counts what a reader of the page needs.
func TestTheMessageOfACommitIsInTheRecordIfItFits(t *testing.T) {
	for name, c := range map[string]struct {
		serverName string
		want       map[string]int
	}{
		"with room":    {"web", map[string]int{"BatchGetItem": 1, "Query": 1}},
		"without room": {strings.Repeat("s", 700), map[string]int{"BatchGetItem": 2, "Query": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			record := s.enqueueAs(t, serviceID, func(r *deployment.Record) { r.ServerName = c.serverName })
			_, err := s.deployments.Claim(t.Context(), serverID, s.now)
			do(t, "Claim", err)
			begun, err := s.deployments.Begin(t.Context(), record.ID, "runner", s.now, deployment.LeaseLength)
			do(t, "Begin", err)
			source := deployment.Source{Commit: strings.Repeat("c0ffee42", 5),
				Message: strings.Repeat("m", deployment.MaxCommitMessage)}
			do(t, "Finish", s.deployments.Finish(t.Context(), begun.ID, begun.Lease, begun.Progress,
				deployment.Outcome{Status: deployment.Finished, Source: source}, s.now))
			var listing deployment.Listing
			requests := s.wire.count(func() {
				listing, err = s.history.List(t.Context(), serviceID, deployment.Page{})
			})
			if err != nil || cmp.Diff(listing.Records[0].Outcome.Source, source) != "" {
				t.Errorf("List = %+v, %v", listing.Records, err)
			}
			if diff := cmp.Diff(requests, c.want); diff != "" {
				t.Errorf("requests (-got +want)\n%s", diff)
			}
			got, err := s.history.Get(t.Context(), record.ID)
			if err != nil || cmp.Diff(got.Outcome.Source, source) != "" {
				t.Errorf("Get = %+v, %v", got, err)
			}
		})
	}
}
