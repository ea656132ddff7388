package dynamostore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"waybill/internal/audit"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

func TestDeleteLeavesNothing(t *testing.T) {
	client, made := tables(t)
	store := dynamostore.NewCatalog(client, made)
	entities := full(t)
	count := func() int {
		t.Helper()
		found, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(made.Catalog),
			ConsistentRead: aws.Bool(true)})
		if err != nil {
			t.Fatal(err)
		}
		return len(found.Items)
	}
	want := 0
	for _, entity := range entities {
		entity.Common().Generation = "" // they are deleted by another call
		do(t, "Create", store.Create(t.Context(), entity, audit.Entry{}))
		switch entity.(type) {
		case *catalog.Server:
			want += 2
		case catalog.Deployable:
			want += 3
		default:
			want++
		}
		if got := count(); got != want {
			t.Errorf("%d items after the Create of %T, want %d", got, entity, want)
		}
	}
	for i := len(entities) - 1; i >= 0; i-- {
		do(t, "Delete", store.Delete(t.Context(), entities[i].Common().ID, audit.Entry{}))
	}
	if got := count(); got != 0 {
		t.Errorf("%d items after all were deleted", got)
	}
}

func TestAResourceWithoutItsBodyCanBeDeleted(t *testing.T) {
	s := newStand(t)
	_, err := s.client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
		TableName: aws.String(s.tables.Catalog), Key: dynamostore.BodyKey(serviceID)})
	do(t, "DeleteItem", err)
	do(t, "Delete", s.catalog.Delete(t.Context(), serviceID, audit.Entry{}))
}

// TestReadsThatMeetAnUpdate: the items of an entity are read one after the other, and
// another caller may write between the first and the last. The reader then finds an item
// from before and one from after, which the test puts there by hand.
func TestReadsThatMeetAnUpdate(t *testing.T) {
	for name, c := range map[string]struct {
		id  catalog.ID
		key func(catalog.ID) dynamostore.Item
	}{
		"the body is an older one":         {serviceID, dynamostore.BodyKey},
		"the limits of a server are older": {serverID, dynamostore.StateKey},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			old := s.item(t, c.key(c.id))
			want := s.updated(t, c.id)
			current := s.item(t, c.key(c.id))
			s.putItem(t, old)
			s.wire.just("BatchGetItem", func() {
				s.wire.just("BatchGetItem", func() { s.putItem(t, current) })
			})
			var got catalog.Entity
			requests := s.wire.count(func() {
				var err error
				got, err = s.catalog.Get(t.Context(), c.id)
				do(t, "Get", err)
			})
			if diff := cmp.Diff(got, want, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("Get (-got +want):\n%s", diff)
			}
			if diff := cmp.Diff(requests, map[string]int{"BatchGetItem": 2}); diff != "" {
				t.Errorf("requests (-got +want):\n%s", diff)
			}
		})
	}
	t.Run("a list reads a server again whose limits are older", func(t *testing.T) {
		s := newStand(t)
		old := s.item(t, dynamostore.StateKey(serverID))
		want := s.updated(t, serverID)
		current := s.item(t, dynamostore.StateKey(serverID))
		s.putItem(t, old)
		s.wire.just("BatchGetItem", func() { s.putItem(t, current) })
		got, err := s.catalog.List(t.Context(), catalog.KindServer, catalog.Page{})
		diff := cmp.Diff(got, catalog.Listing{Entities: []catalog.Entity{want}})
		if err != nil || diff != "" {
			t.Errorf("List: %v (-got +want):\n%s", err, diff)
		}
	})
	t.Run("a list leaves out what is deleted meanwhile", func(t *testing.T) {
		s := newStand(t)
		s.wire.just("Query", func() {
			s.wire.just("Query", func() {
				do(t, "Delete", s.directCatalog().Delete(t.Context(), serviceID, audit.Entry{}))
			})
		})
		got, err := s.catalog.List(t.Context(), catalog.KindService, catalog.Page{})
		if err != nil || len(got.Entities) != 0 {
			t.Errorf("List = %+v, %v; want none", got, err)
		}
	})
	t.Run("what is deleted meanwhile is NotFound", func(t *testing.T) {
		s := newStand(t)
		state := s.item(t, dynamostore.StateKey(serviceID))
		do(t, "Delete", s.directCatalog().Delete(t.Context(), serviceID, audit.Entry{}))
		s.putItem(t, state) // as if it had been read before
		if _, err := s.catalog.Get(t.Context(), serviceID); !errors.Is(err, fault.NotFound) {
			t.Errorf("Get: %v, want NotFound", err)
		}
	})
}

// updated updates every part of the entity and returns it.
func (s *stand) updated(t *testing.T, id catalog.ID) catalog.Entity {
	t.Helper()
	entity, err := s.directCatalog().Get(t.Context(), id)
	do(t, "Get", err)
	was := entity.Common().UpdatedAt
	entity.Common().Name, entity.Common().UpdatedAt = "new", was.Add(time.Second)
	switch entity := entity.(type) {
	case *catalog.Server:
		entity.Concurrency++
	case *catalog.Service:
		entity.Compose += "# new"
	}
	do(t, "Update", s.directCatalog().Update(t.Context(), entity, was, audit.Entry{}))
	return entity
}

// item reads an item of the catalog.
func (s *stand) item(t *testing.T, key dynamostore.Item) dynamostore.Item {
	t.Helper()
	got, err := s.client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(s.tables.Catalog),
		Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil || got.Item == nil {
		t.Fatalf("GetItem of %v: %v", key, err)
	}
	return got.Item
}

// putItem writes an item of the catalog.
func (s *stand) putItem(t *testing.T, whole dynamostore.Item) {
	t.Helper()
	_, err := s.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(s.tables.Catalog),
		Item: whole})
	do(t, "PutItem", err)
}
