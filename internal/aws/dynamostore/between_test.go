package dynamostore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/audit"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// What others do between the adapter's look at the tables and its write. The
// conditions of the write must see it, because nothing else can.

const otherID = catalog.ID("svc111111111111111111111")

func do(t *testing.T, call string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", call, err)
	}
}

// direct is the adapter on an untapped wire.
func (s *stand) direct() *dynamostore.Deployments {
	return dynamostore.NewDeployments(s.client, s.tables)
}

func (s *stand) directCatalog() *dynamostore.Catalog {
	return dynamostore.NewCatalog(s.client, s.tables)
}

func (s *stand) hand() hand { return hand{s.client, s.tables} }

// set writes one text attribute of an item without the adapter.
func (s *stand) set(t *testing.T, table string, key [4]string, name, value string) {
	t.Helper()
	_, err := s.client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: aws.String(table),
		Key: map[string]types.AttributeValue{
			key[0]: &types.AttributeValueMemberS{Value: key[1]},
			key[2]: &types.AttributeValueMemberS{Value: key[3]},
		},
		UpdateExpression:         aws.String("SET #name = :value"),
		ExpressionAttributeNames: map[string]string{"#name": name},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":value": &types.AttributeValueMemberS{Value: value},
		},
	})
	do(t, "UpdateItem", err)
}

func (s *stand) wantClaimed(t *testing.T, want deployment.ID) {
	t.Helper()
	got, err := s.deployments.Claim(t.Context(), serverID, s.now)
	if err != nil || got.ID != want {
		t.Errorf("Claim = %s, %v; want %s", got.ID, err, want)
	}
}

// TestP2 holds against everything that can happen during a claim.
func TestP2BetweenLookAndClaim(t *testing.T) {
	newStandOf2 := func(t *testing.T) (s *stand, first, second deployment.Record) {
		s = newStand(t)
		do(t, "Create", s.catalog.Create(t.Context(), s.service(otherID), audit.Entry{}))
		return s, s.enqueue(t, serviceID), s.enqueue(t, otherID)
	}
	t.Run("another call claims the same: the next one is taken", func(t *testing.T) {
		s, first, second := newStandOf2(t)
		s.wire.just("TransactWriteItems", func() {
			got, err := s.direct().Claim(t.Context(), serverID, s.now)
			if err != nil || got.ID != first.ID {
				t.Errorf("the other Claim = %s, %v", got.ID, err)
			}
		})
		s.wantClaimed(t, second.ID)
	})
	t.Run("the limit is lowered: nothing is taken", func(t *testing.T) {
		s, _, _ := newStandOf2(t)
		s.wire.just("TransactWriteItems", func() {
			server, err := catalog.Find[*catalog.Server](t.Context(), s.directCatalog(), serverID)
			do(t, "Find", err)
			server.Concurrency = 0
			do(t, "Update", s.directCatalog().Update(t.Context(), server, server.UpdatedAt, audit.Entry{}))
		})
		_, err := s.deployments.Claim(t.Context(), serverID, s.now)
		if !errors.Is(err, fault.NotFound) {
			t.Errorf("Claim: %v, want NotFound", err)
		}
	})
	t.Run("the resource becomes busy: it is passed over", func(t *testing.T) {
		s, _, second := newStandOf2(t)
		s.wire.just("TransactWriteItems", func() {
			key := [4]string{"kind", "service-state", "uuid", string(serviceID)}
			s.set(t, s.tables.Catalog, key, "running", "something")
		})
		s.wantClaimed(t, second.ID)
	})
	t.Run("the record leaves the queue: it is passed over", func(t *testing.T) {
		s, first, second := newStandOf2(t)
		s.wire.just("TransactWriteItems", func() {
			s.set(t, s.tables.Services, [4]string{"resource_uuid", string(serviceID), "deployment_uuid",
				string(first.ID)}, "status", "failed")
		})
		s.wantClaimed(t, second.ID)
	})
	t.Run("another transaction is met: it is tried again", func(t *testing.T) {
		s, first, _ := newStandOf2(t)
		s.wire.answer("TransactWriteItems", met)
		s.wantClaimed(t, first.ID)
	})
}

// running is a deployment that a runner has begun.
func (s *stand) running(t *testing.T) deployment.Record {
	t.Helper()
	s.enqueue(t, serviceID)
	record, err := s.deployments.Claim(t.Context(), serverID, s.now)
	do(t, "Claim", err)
	record, err = s.deployments.Begin(t.Context(), record.ID, "one", s.now, time.Minute)
	do(t, "Begin", err)
	return record
}

// TestP5 holds against everything that can happen while a lease changes hands.
func TestP5BetweenLookAndWrite(t *testing.T) {
	t.Run("a lease that is renewed meanwhile is not taken", func(t *testing.T) {
		s := newStand(t)
		record := s.running(t)
		late := s.now.Add(time.Hour)
		s.wire.just("UpdateItem", func() {
			_, err := s.direct().Advance(t.Context(), record.ID, record.Lease, record.Progress, late,
				time.Minute)
			do(t, "Advance", err)
		})
		if _, err := s.deployments.Begin(t.Context(), record.ID, "two", late,
			time.Minute); !errors.Is(err, fault.Conflict) {
			t.Errorf("Begin: %v, want a Conflict", err)
		}
	})
	t.Run("whose lease is taken meanwhile can end nothing", func(t *testing.T) {
		s := newStand(t)
		record := s.running(t)
		s.wire.just("TransactWriteItems", func() {
			_, err := s.direct().Begin(t.Context(), record.ID, "two", s.now.Add(time.Hour), time.Minute)
			do(t, "Begin", err)
		})
		outcome := deployment.Outcome{Status: deployment.Finished}
		err := s.deployments.Finish(t.Context(), record.ID, record.Lease, record.Progress, outcome, s.now)
		if !errors.Is(err, fault.Conflict) {
			t.Errorf("Finish: %v, want a Conflict", err)
		}
		if got, err := s.history.Get(t.Context(), record.ID); err != nil ||
			got.Status != deployment.InProgress {
			t.Errorf("it is %s, %v; want in progress", got.Status, err)
		}
	})
	t.Run("writes that meet a transaction are tried again", func(t *testing.T) {
		s := newStand(t)
		record := s.running(t)
		s.wire.answer("UpdateItem", conflicted)
		_, err := s.deployments.Advance(t.Context(), record.ID, record.Lease, record.Progress, s.now,
			time.Minute)
		do(t, "Advance", err)
		s.wire.answer("UpdateItem", conflicted)
		do(t, "Follow", s.history.Follow(t.Context(), record.ID, s.now))
		s.wire.answer("TransactWriteItems", met)
		outcome := deployment.Outcome{Status: deployment.Finished}
		do(t, "Finish", s.deployments.Finish(t.Context(), record.ID, record.Lease, record.Progress, outcome,
			s.now))
	})
	t.Run("whose place is taken from it in the last moment ends all the same", func(t *testing.T) {
		s := newStand(t)
		record := s.running(t)
		s.wire.just("TransactWriteItems", func() {
			s.hand().setPlaces(t, serverID, nil, nil)
			s.hand().setState(t, serviceID, catalog.State{Running: "another"})
		})
		outcome := deployment.Outcome{Status: deployment.Finished}
		do(t, "Finish", s.deployments.Finish(t.Context(), record.ID, record.Lease, record.Progress, outcome,
			s.now))
		if got, err := s.history.Get(t.Context(), record.ID); err != nil ||
			got.Status != deployment.Finished {
			t.Errorf("it is %s, %v; want finished", got.Status, err)
		}
		resource, err := catalog.Find[*catalog.Service](t.Context(), s.catalog, serviceID)
		if err != nil || resource.State.Running != "another" {
			t.Errorf("state = %+v, %v; want the other's", resource, err)
		}
	})
}

// TestP6 holds against everything that can happen while a deployment is
// cancelled or repaired.
func TestP6BetweenLookAndCancel(t *testing.T) {
	wantCancel := func(t *testing.T, s *stand, id deployment.ID, want deployment.Status) {
		t.Helper()
		record, err := s.deployments.Cancel(t.Context(), id, "ops", s.now)
		stored, _ := dynamostore.NewHistory(s.client, s.tables).Get(t.Context(), id)
		if err != nil || record.Status != want || stored.Status != want || stored.CancelRequestedBy != "ops" {
			t.Errorf("Cancel = %s, %v; stored %s, %q; want %s", record.Status, err, stored.Status,
				stored.CancelRequestedBy, want)
		}
	}
	t.Run("it is claimed: its runner gets the request", func(t *testing.T) {
		s := newStand(t)
		record := s.enqueue(t, serviceID)
		s.wire.just("TransactWriteItems", func() {
			_, err := s.direct().Claim(t.Context(), serverID, s.now)
			do(t, "Claim", err)
		})
		wantCancel(t, s, record.ID, deployment.InProgress)
	})
	t.Run("it is claimed before its places are read: its runner gets the request", func(t *testing.T) {
		s := newStand(t)
		record := s.enqueue(t, serviceID)
		s.wire.just("GetItem", func() { // of the record; the next is of a place
			s.wire.just("GetItem", func() {
				_, err := s.direct().Claim(t.Context(), serverID, s.now)
				do(t, "Claim", err)
			})
		})
		wantCancel(t, s, record.ID, deployment.InProgress)
	})
	t.Run("the queue moves: it is found at its new place, and the next one stays", func(t *testing.T) {
		s := newStand(t)
		last := catalog.ID("svc222222222222222222222")
		do(t, "Create", s.catalog.Create(t.Context(), s.service(otherID), audit.Entry{}))
		do(t, "Create", s.catalog.Create(t.Context(), s.service(last), audit.Entry{}))
		s.enqueue(t, serviceID)
		record, next := s.enqueue(t, otherID), s.enqueue(t, last)
		s.wire.just("TransactWriteItems", func() {
			_, err := s.direct().Claim(t.Context(), serverID, s.now)
			do(t, "Claim", err)
		})
		wantCancel(t, s, record.ID, deployment.Cancelled)
		load, err := s.history.Load(t.Context(), serverID)
		if err != nil || len(load.Running) != 1 || len(load.Queue) != 1 || load.Queue[0].ID != next.ID {
			t.Errorf("Load = %+v, %v; want the first running and the last waiting", load, err)
		}
	})
	t.Run("it ends: it is too late", func(t *testing.T) {
		s := newStand(t)
		record := s.running(t)
		s.wire.just("UpdateItem", func() {
			outcome := deployment.Outcome{Status: deployment.Finished}
			do(t, "Finish", s.direct().Finish(t.Context(), record.ID, record.Lease, record.Progress, outcome,
				s.now))
		})
		if _, err := s.deployments.Cancel(t.Context(), record.ID, "ops",
			s.now); !errors.Is(err, fault.Conflict) {
			t.Errorf("Cancel: %v, want a Conflict", err)
		}
	})
	t.Run("another user cancels it first: that request counts", func(t *testing.T) {
		s := newStand(t)
		record := s.running(t)
		s.wire.just("UpdateItem", func() {
			_, err := s.direct().Cancel(t.Context(), record.ID, "first", s.now)
			do(t, "Cancel", err)
		})
		got, err := s.deployments.Cancel(t.Context(), record.ID, "second", s.now)
		if err != nil || got.CancelRequestedBy != "first" {
			t.Errorf("Cancel = %q, %v; want the first", got.CancelRequestedBy, err)
		}
	})
	t.Run("a transaction is met: it is tried again", func(t *testing.T) {
		s := newStand(t)
		record := s.running(t)
		s.wire.answer("UpdateItem", conflicted)
		wantCancel(t, s, record.ID, deployment.InProgress)
		queued := s.enqueue(t, serviceID)
		s.wire.answer("TransactWriteItems", met)
		wantCancel(t, s, queued.ID, deployment.Cancelled)
	})
	t.Run("an orphaned entry leaves while it is repaired: nothing else is touched", func(t *testing.T) {
		s := newStand(t)
		record := s.running(t)
		outcome := deployment.Outcome{Status: deployment.Finished}
		var next deployment.Record
		s.wire.just("GetItem", func() { // the places were not read yet
			do(t, "Finish", s.direct().Finish(t.Context(), record.ID, record.Lease, record.Progress, outcome,
				s.now))
			s.hand().setPlaces(t, serverID, []deployment.ID{record.ID}, []deployment.ID{record.ID})
			s.hand().setState(t, serviceID, catalog.State{Queued: string(record.ID),
				Running: string(record.ID)})
			s.wire.just("TransactWriteItems", func() {
				do(t, "Repair", s.direct().Repair(t.Context(), serverID, record.ID))
				direct := *s
				direct.deployments = s.direct()
				next = direct.enqueue(t, serviceID)
			})
		})
		do(t, "Repair", s.deployments.Repair(t.Context(), serverID, record.ID))
		load, err := s.history.Load(t.Context(), serverID)
		if err != nil || len(load.Queue) != 1 || load.Queue[0].ID != next.ID ||
			len(load.Running)+len(load.Orphaned) != 0 {
			t.Errorf("Load = %+v, %v; want %s in the queue", load, err, next.ID)
		}
	})
}

// TestBetweenTheLooksOfLoad: what moves on between them is shown where it is
// then, and is not orphaned.
func TestBetweenTheLooksOfLoad(t *testing.T) {
	t.Run("one that is claimed runs", func(t *testing.T) {
		s := newStand(t)
		record := s.enqueue(t, serviceID)
		s.wire.just("BatchGetItem", func() {
			_, err := s.direct().Claim(t.Context(), serverID, s.now)
			do(t, "Claim", err)
		})
		load, err := s.history.Load(t.Context(), serverID)
		if err != nil || len(load.Running) != 1 || load.Running[0].ID != record.ID ||
			len(load.Queue)+len(load.Orphaned) != 0 {
			t.Errorf("Load = %+v, %v; want it running", load, err)
		}
	})
	t.Run("one that ends is gone", func(t *testing.T) {
		s := newStand(t)
		record := s.running(t)
		s.wire.just("BatchGetItem", func() {
			outcome := deployment.Outcome{Status: deployment.Finished}
			do(t, "Finish", s.direct().Finish(t.Context(), record.ID, record.Lease, record.Progress, outcome,
				s.now))
		})
		load, err := s.history.Load(t.Context(), serverID)
		if err != nil || len(load.Running)+len(load.Queue)+len(load.Orphaned) != 0 {
			t.Errorf("Load = %+v, %v; want nothing", load, err)
		}
	})
}

func TestP1BetweenRefusalAndLook(t *testing.T) {
	t.Run("the queued one is claimed meanwhile: the request is accepted after all", func(t *testing.T) {
		s := newStand(t)
		first := s.enqueue(t, serviceID)
		s.wire.just("GetItem", func() {
			_, err := s.direct().Claim(t.Context(), serverID, s.now)
			do(t, "Claim", err)
		})
		if second := s.enqueue(t, serviceID); second.ID == first.ID {
			t.Errorf("answered with %s again", first.ID)
		}
		resource, err := catalog.Find[*catalog.Service](t.Context(), s.catalog, serviceID)
		if err != nil || resource.State.Deployments != 2 {
			t.Errorf("state = %+v, %v; want two deployments", resource, err)
		}
	})
	t.Run("a busy batch is asked for again", func(t *testing.T) {
		s := newStand(t)
		record := s.enqueue(t, serviceID)
		s.wire.answer("BatchGetItem", unprocessed)
		load, err := s.history.Load(t.Context(), serverID)
		if err != nil || len(load.Queue) != 1 || load.Queue[0].ID != record.ID {
			t.Errorf("Load = %+v, %v", load, err)
		}
	})
}

func TestBetweenLookAndDelete(t *testing.T) {
	for _, c := range []struct {
		name  string
		id    catalog.ID
		event func(t *testing.T, s *stand)
	}{
		{
			name: "a service is created on the server",
			id:   serverID,
			event: func(t *testing.T, s *stand) {
				do(t, "Create", s.directCatalog().Create(t.Context(), s.service(otherID), audit.Entry{}))
			},
		},
		{
			name: "a deployment of the service is queued",
			id:   otherID,
			event: func(t *testing.T, s *stand) {
				s.deployments = s.direct()
				s.enqueue(t, otherID)
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			if c.id == serverID {
				do(t, "Delete", s.catalog.Delete(t.Context(), serviceID, audit.Entry{}))
			} else {
				do(t, "Create", s.catalog.Create(t.Context(), s.service(otherID), audit.Entry{}))
			}
			s.wire.just("TransactWriteItems", func() { c.event(t, s) })
			if err := s.catalog.Delete(t.Context(), c.id, audit.Entry{}); !errors.Is(err, fault.Conflict) {
				t.Errorf("Delete: %v, want a Conflict", err)
			}
			if _, err := s.catalog.Get(t.Context(), c.id); err != nil {
				t.Errorf("Get: %v", err)
			}
		})
	}
	t.Run("another caller deletes it: NotFound", func(t *testing.T) {
		s := newStand(t)
		s.wire.just("TransactWriteItems", func() {
			do(t, "Delete", s.directCatalog().Delete(t.Context(), serviceID, audit.Entry{}))
		})
		if err := s.catalog.Delete(t.Context(), serviceID, audit.Entry{}); !errors.Is(err, fault.NotFound) {
			t.Errorf("Delete: %v, want NotFound", err)
		}
	})
}
