package dynamostore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"waybill/internal/audit"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
)

// tagged is how many resources TestAListByTagReadsHeads makes. The figure of
// docs/ARCHITECTURE.md is of 1,000.
const tagged = 90

// labelled returns one of many resources as a team has them: with three tags, a project, and a
// description of 60 characters.
func labelled(n int) catalog.Deployable {
	shared := catalog.Resource{ServerID: serverID, Labels: catalog.Labels{Project: "shop",
		Environment: "production", Tags: []string{"blue", "production", fmt.Sprint("team-", n%20)}}}
	shared.Name, shared.Description = fmt.Sprint("a typical name ", n), strings.Repeat("d", 60)
	shared.Timeout, shared.HealthTimeout = catalog.DefaultTimeout, catalog.DefaultHealthTimeout
	switch n % 3 {
	case 0:
		shared.ID = catalog.ID(fmt.Sprintf("app%021d", n))
		return &catalog.Application{Resource: shared, Image: &catalog.Image{
			Name: "registry.example.org/team/web", Tag: "1.4.2"}}
	case 1:
		shared.ID = catalog.ID(fmt.Sprintf("svc%021d", n+1000))
		return &catalog.Service{Resource: shared, Compose: strings.Repeat("# compose\n", 100)}
	}
	shared.ID = catalog.ID(fmt.Sprintf("dbs%021d", n))
	return &catalog.Database{Resource: shared, Engine: "postgresql", Image: "postgres:16"}
}

// TestAListByTagReadsHeads counts what a list by tag, `GET /tags` and a deploy by tag cost: the
// heads and the states of all resources.
func TestAListByTagReadsHeads(t *testing.T) {
	s := newStand(t)
	var group errgroup.Group
	group.SetLimit(8)
	for n := range tagged {
		group.Go(func() error {
			return s.directCatalog().Create(t.Context(), labelled(n), audit.Entry{})
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	var found []catalog.Deployable
	var err error
	requests := s.wire.count(func() {
		found, err = catalog.Resources(t.Context(), s.catalog, func(resource catalog.Deployable) bool {
			return resource.Shared().Labels.HasTag("team-7")
		})
	})
	if want := (tagged + 12) / 20; err != nil || len(found) != want { // 7, 27, 47 …
		t.Fatalf("%d have the tag, want %d; %v", len(found), want, err)
	}
	if most := 2 * 3 * (1 + tagged/3/catalog.MaxPage); requests["Query"] > most || len(requests) > 1 {
		t.Errorf("requests = %v, want at most %d queries", requests, most)
	}
	units := float64(s.bytesOfHeadsAndStates(t)) / 4096 * 1000 / tagged
	t.Logf("%v for %d resources; %.0f read units for each 1,000", requests, tagged, units)
	if units > 300 {
		t.Errorf("%.0f read units for each 1,000 resources, want at most 300", units)
	}
}

// bytesOfHeadsAndStates is the size of the items of resources that a list reads.
func (s *stand) bytesOfHeadsAndStates(t *testing.T) (bytes int) {
	t.Helper()
	pages := dynamodb.NewScanPaginator(s.client, &dynamodb.ScanInput{TableName: aws.String(s.tables.Catalog)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, stored := range page.Items {
			kind, _ := stored["kind"].(*types.AttributeValueMemberS)
			if catalog.Kind(strings.TrimSuffix(kind.Value, "-state")).Deployable() {
				bytes += dynamostore.ItemSize(stored)
			}
		}
	}
	return bytes
}
