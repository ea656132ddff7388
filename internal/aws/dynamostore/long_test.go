package dynamostore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// longHistory is the number of deployments of [stand.long].
const longHistory = 5000

// long stores a history of 5,000 deployments: 4,000 of one application, and 1,000 of
// databases and services. Every second one of the application has details.
func (s *stand) long(t *testing.T) (application catalog.ID, newest time.Time) {
	t.Helper()
	application = s.built(t).ID
	at := s.now
	var puts bulkPuts
	for n := range longHistory {
		at = at.Add(time.Minute)
		resource := application
		switch n % 10 {
		case 3:
			resource = catalog.ID(fmt.Sprintf("dbs%021d", n%25))
		case 7:
			resource = catalog.ID(fmt.Sprintf("svc%021d", n%25))
		}
		id := deployment.ID(fmt.Sprintf("%s%s%05d", resource, catalog.TimeText(at), n))
		record := deployment.Record{ID: id, Status: deployment.Finished, Operation: deployment.Deploy,
			ServerID: serverID, ResourceName: "demo", ServerName: "web", CreatedAt: at, QueuedAt: at,
			StartedAt: at, FinishedAt: at, UpdatedAt: at,
			Trigger: deployment.Trigger{Kind: deployment.TriggerAPI, Name: "ci", TokenID: "9007199254740991"},
			Outcome: deployment.Outcome{Status: deployment.Finished}}
		if resource == application && n%2 == 0 {
			record.Hold = deployment.Hold{Held: true, At: at, By: "ops", Reason: "a claim"}
			puts.add(t, s, s.tables.Applications, dynamostore.Item{
				"resource_uuid":   &types.AttributeValueMemberS{Value: string(id)},
				"deployment_uuid": &types.AttributeValueMemberS{Value: "details"},
				"held_by":         &types.AttributeValueMemberS{Value: "ops"},
			})
		}
		whole, err := dynamostore.EncodeRecord(record)
		do(t, "EncodeRecord", err)
		whole["shard"] = &types.AttributeValueMemberS{Value: "h0"}
		puts.add(t, s, *s.hand().table(id), whole)
	}
	puts.flush(t, s)
	return application, at
}

// bulkPuts writes items, 25 a request.
type bulkPuts struct {
	requests map[string][]types.WriteRequest
	n        int
}

func (b *bulkPuts) add(t *testing.T, s *stand, table string, whole dynamostore.Item) {
	t.Helper()
	if b.requests == nil {
		b.requests = map[string][]types.WriteRequest{}
	}
	b.requests[table] = append(b.requests[table],
		types.WriteRequest{PutRequest: &types.PutRequest{Item: whole}})
	if b.n++; b.n%25 == 0 {
		b.flush(t, s)
	}
}

func (b *bulkPuts) flush(t *testing.T, s *stand) {
	t.Helper()
	for len(b.requests) > 0 {
		written, err := s.client.BatchWriteItem(t.Context(),
			&dynamodb.BatchWriteItemInput{RequestItems: b.requests})
		if err != nil {
			t.Fatal(err)
		}
		b.requests = written.UnprocessedItems
	}
	b.requests = nil
}

// TestAPageOfALongHistoryCostsFewRequests counts the requests of pages everywhere in a
// history of 5,000 deployments.
func TestAPageOfALongHistoryCostsFewRequests(t *testing.T) {
	s := newStand(t)
	application, newest := s.long(t)
	day := newest.AddDate(0, 0, -2)
	deep := deployment.Place{CreatedAt: newest.Add(-4000 * time.Minute), ID: deployment.ID(
		fmt.Sprintf("%s%s%05d", application, catalog.TimeText(newest.Add(-4000*time.Minute)), 0))}
	always := func(catalog.Deployable) bool { return true }
	for name, page := range map[string]deployment.Page{
		"the first":         {},
		"of 100":            {Take: 100},
		"deep":              {Cursor: deep.Cursor()},
		"deep and of 100":   {Cursor: deep.Cursor(), Take: 100},
		"of a kind":         {Filter: deployment.Filter{Kind: catalog.KindDatabase}, Take: 100},
		"of a server":       {Filter: deployment.Filter{Server: serverID}, Take: 100},
		"that finds none":   {Filter: deployment.Filter{Status: deployment.Failed}},
		"before a time":     {Filter: deployment.Filter{Until: day}, Take: 50},
		"since a time":      {Filter: deployment.Filter{Since: newest.Add(-time.Hour), Trigger: "ci"}},
		"of some resources": {Filter: deployment.Filter{Resource: always}, Take: 100},
	} {
		t.Run("of the team, a page "+name, func(t *testing.T) {
			s.fewRequests(t, 4, func() (deployment.Listing, error) {
				return s.history.Team(t.Context(), page)
			})
		})
	}
	for name, c := range map[string]struct {
		page deployment.Page
		most int
	}{
		"the first": {deployment.Page{Filter: deployment.Filter{Status: deployment.Queued}}, 2},
		"deep": {deployment.Page{Cursor: string(deep.ID),
			Filter: deployment.Filter{Trigger: "x"}}, 2},
		"behind a time": {deployment.Page{
			Filter: deployment.Filter{Until: day, Status: deployment.Failed}}, 2},
		// One request more reads the details, and one more the keys of a long skip.
		"with details":    {deployment.Page{Take: 100}, 3},
		"behind a skip":   {deployment.Page{Skip: 100, Take: 100}, 3},
		"behind a longer": {deployment.Page{Skip: 1000, Take: 100}, 4},
	} {
		t.Run("of a resource, a page "+name, func(t *testing.T) {
			s.fewRequests(t, c.most, func() (deployment.Listing, error) {
				return s.history.List(t.Context(), application, c.page)
			})
		})
	}
}

// fewRequests fails if the call makes more requests.
func (s *stand) fewRequests(t *testing.T, most int, read func() (deployment.Listing, error)) {
	t.Helper()
	var listing deployment.Listing
	var err error
	seen := s.wire.count(func() { listing, err = read() })
	requests := 0
	for _, n := range seen {
		requests += n
	}
	if err != nil || requests > most {
		t.Errorf("%v: %d requests %v, want at most %d", err, requests, seen, most)
	}
	t.Logf("%d requests for %d deployments: %v", requests, len(listing.Records), seen)
}
