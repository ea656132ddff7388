package dynamostore_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"waybill/internal/audit"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// stand is the adapter with one server and one service, on a tapped wire.
type stand struct {
	client      *dynamodb.Client
	tables      dynamostore.Tables
	catalog     *dynamostore.Catalog
	deployments *dynamostore.Deployments
	history     *dynamostore.History
	indexes     *dynamostore.Indexes
	sessions    *dynamostore.Sessions
	wire        *wiretap
	now         time.Time
}

func newStand(t *testing.T) *stand {
	t.Helper()
	plain, made := tables(t)
	wire := newWiretap(plain)
	client := wire.client()
	s := &stand{
		client: plain, tables: made, wire: wire, now: time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC),
		catalog:     dynamostore.NewCatalog(client, made),
		deployments: dynamostore.NewDeployments(client, made),
		history:     dynamostore.NewHistory(client, made),
		indexes:     dynamostore.NewIndexes(client, made),
		sessions:    dynamostore.NewSessions(client, made.Catalog),
	}
	key := catalog.ID("key000000000000000000000")
	for _, entity := range []catalog.Entity{
		&catalog.PrivateKey{Meta: catalog.Meta{ID: key}},
		&catalog.Server{Meta: catalog.Meta{ID: serverID}, KeyID: key, Concurrency: 2, QueueLimit: 25},
		s.service(serviceID),
	} {
		if err := s.catalog.Create(t.Context(), entity, audit.Entry{}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *stand) service(id catalog.ID) *catalog.Service {
	return &catalog.Service{Resource: catalog.Resource{Meta: catalog.Meta{ID: id}, ServerID: serverID}}
}

// built creates an application with a deploy key, and another key.
func (s *stand) built(t *testing.T) *catalog.Application {
	t.Helper()
	for _, key := range []catalog.ID{oneKeyID, otherKeyID} {
		do(t, "Create", s.directCatalog().Create(t.Context(),
			&catalog.PrivateKey{Meta: catalog.Meta{ID: key}}, audit.Entry{}))
	}
	built := &catalog.Application{
		Resource: catalog.Resource{Meta: catalog.Meta{ID: "app000000000000000000000", UpdatedAt: s.now},
			ServerID: serverID},
		Dockerfile: &catalog.Dockerfile{Source: catalog.Source{KeyID: oneKeyID}},
	}
	do(t, "Create", s.directCatalog().Create(t.Context(), built, audit.Entry{}))
	return built
}

func (s *stand) enqueue(t *testing.T, resource catalog.ID) deployment.Record {
	t.Helper()
	return s.enqueueAs(t, resource, func(*deployment.Record) {})
}

// enqueueAs queues a deployment that was changed before.
func (s *stand) enqueueAs(t *testing.T, resource catalog.ID,
	change func(*deployment.Record)) deployment.Record {
	t.Helper()
	s.now = s.now.Add(time.Second)
	id, err := deployment.NewID(resource, s.now, bytes.NewReader(make([]byte, 16)))
	if err != nil {
		t.Fatal(err)
	}
	record := deployment.Record{ID: id, Status: deployment.Queued, Operation: deployment.Start,
		ServerID: serverID, CreatedAt: s.now, QueuedAt: s.now}
	change(&record)
	key := deployment.RequestKey{Hash: string(id), Window: time.Minute}
	if _, err := s.deployments.Enqueue(t.Context(), record, key); err != nil {
		t.Fatal(err)
	}
	return record
}

// costedStep is a call and how many requests to DynamoDB it may take, by their kind.
type costedStep struct {
	name string
	call func() error
	want map[string]int
}

// checkCosts counts the requests of the steps, one step after the other, because each
// request is a round trip of some milliseconds and a line on the bill.
func (s *stand) checkCosts(t *testing.T, steps []costedStep) {
	t.Helper()
	for _, step := range steps {
		var err error
		got := s.wire.count(func() { err = step.call() })
		if diff := cmp.Diff(got, step.want); err != nil || diff != "" {
			t.Errorf("%s: %v (-got +want):\n%s", step.name, err, diff)
		}
	}
}

func TestStepsOfADeploymentCostFewRequests(t *testing.T) {
	s := newStand(t)
	var record deployment.Record
	s.checkCosts(t, []costedStep{
		{
			name: "Enqueue",
			call: func() error { record = s.enqueue(t, serviceID); return nil },
			want: map[string]int{"TransactWriteItems": 1, "GetItem": 1},
		},
		{
			name: "Claim",
			call: func() (err error) {
				record, err = s.deployments.Claim(t.Context(), serverID, s.now)
				return err
			},
			want: map[string]int{"GetItem": 2, "TransactWriteItems": 1},
		},
		{
			name: "Begin",
			call: func() (err error) {
				record, err = s.deployments.Begin(t.Context(), record.ID, "runner", s.now, time.Minute)
				return err
			},
			want: map[string]int{"GetItem": 1, "UpdateItem": 1},
		},
		{
			name: "Advance",
			call: func() error {
				_, err := s.deployments.Advance(t.Context(), record.ID, record.Lease, record.Progress, s.now,
					time.Minute)
				return err
			},
			want: map[string]int{"UpdateItem": 1},
		},
		{
			name: "Signals",
			call: func() error {
				_, err := s.deployments.Signals(t.Context(), record.ID, record.Lease)
				return err
			},
			want: map[string]int{"GetItem": 1},
		},
		{
			name: "Cancel of one that runs",
			call: func() error {
				_, err := s.deployments.Cancel(t.Context(), record.ID, "ops", s.now)
				return err
			},
			want: map[string]int{"GetItem": 1, "UpdateItem": 1},
		},
		{
			name: "Repair of a deployment that is consistent",
			call: func() error { return s.deployments.Repair(t.Context(), serverID, record.ID) },
			want: map[string]int{"GetItem": 3},
		},
		{
			name: "Park",
			call: func() error {
				_, err := s.deployments.Park(t.Context(), record.ID, record.Lease, record.Progress, s.now)
				return err
			},
			want: map[string]int{"UpdateItem": 1},
		},
		{
			name: "Resume",
			call: func() (err error) {
				record, err = s.deployments.Resume(t.Context(), record.ID, 0, "runner", s.now, time.Minute)
				return err
			},
			want: map[string]int{"GetItem": 1, "UpdateItem": 1},
		},
		{
			name: "Follow",
			call: func() error { return s.history.Follow(t.Context(), record.ID, s.now) },
			want: map[string]int{"UpdateItem": 1},
		},
		{
			name: "Get",
			call: func() error { _, err := s.history.Get(t.Context(), record.ID); return err },
			want: map[string]int{"GetItem": 1},
		},
		{
			name: "List",
			call: func() error {
				_, err := s.history.List(t.Context(), serviceID, deployment.Page{})
				return err
			},
			want: map[string]int{"BatchGetItem": 1, "Query": 1},
		},
		{
			name: "Load",
			call: func() error { _, err := s.history.Load(t.Context(), serverID); return err },
			want: map[string]int{"GetItem": 1, "BatchGetItem": 1},
		},
		{
			name: "Finish",
			call: func() error {
				outcome := deployment.Outcome{Status: deployment.Finished}
				return s.deployments.Finish(t.Context(), record.ID, record.Lease, record.Progress, outcome,
					s.now)
			},
			want: map[string]int{"GetItem": 1, "TransactWriteItems": 1},
		},
		{
			name: "RecordScrub",
			call: func() error {
				return s.deployments.RecordScrub(t.Context(), record.ID, "", logbook.Mark{Digest: "now"},
					deployment.ScrubSummary{At: s.now})
			},
			want: map[string]int{"GetItem": 1, "TransactWriteItems": 1},
		},
		{
			name: "Get of one with details",
			call: func() error { _, err := s.history.Get(t.Context(), record.ID); return err },
			want: map[string]int{"GetItem": 2},
		},
		{
			name: "List of one with details",
			call: func() error {
				_, err := s.history.List(t.Context(), serviceID, deployment.Page{})
				return err
			},
			want: map[string]int{"Query": 1, "BatchGetItem": 2},
		},
		{
			name: "Team",
			call: func() error {
				_, err := s.history.Team(t.Context(), deployment.Page{})
				return err
			},
			want: map[string]int{"Query": 3, "BatchGetItem": 1},
		},
	})
}

func TestOtherChangesOfADeploymentCostFewRequests(t *testing.T) {
	s := newStand(t)
	record := s.running(t)
	outcome := deployment.Outcome{Status: deployment.Finished}
	do(t, "Finish",
		s.deployments.Finish(t.Context(), record.ID, record.Lease, record.Progress, outcome, s.now))
	s.checkCosts(t, []costedStep{
		{
			name: "Take of a session's first place",
			call: func() error { return s.sessions.Take(t.Context(), serverID, "holder", s.now) },
			want: map[string]int{"UpdateItem": 1},
		},
		{
			name: "Free of a session's first place",
			call: func() error { return s.sessions.Free(t.Context(), serverID, "holder") },
			want: map[string]int{"UpdateItem": 1},
		},
		{
			name: "Observe",
			call: func() error { return s.catalog.Observe(t.Context(), serviceID, "running") },
			want: map[string]int{"UpdateItem": 1},
		},
		{
			name: "Enqueue of a start of what runs",
			call: func() error {
				second := record
				second.ID = second.ID[:len(second.ID)-1] + "z"
				_, err := s.deployments.Enqueue(t.Context(), second,
					deployment.RequestKey{Hash: "second", Window: time.Minute})
				if !errors.Is(err, deployment.ErrAlreadyInState) {
					return fmt.Errorf("%w, want ErrAlreadyInState", err)
				}
				return nil
			},
			want: map[string]int{"TransactWriteItems": 1, "GetItem": 2},
		},
		{
			name: "Note",
			call: func() error {
				noted := record
				noted.ID = noted.ID[:len(noted.ID)-1] + "y"
				return s.deployments.Note(t.Context(), noted)
			},
			want: map[string]int{"TransactWriteItems": 1},
		},
		{
			name: "storing a section of an index",
			call: func() error {
				section := logbook.Section{First: 1, Ends: make([]logbook.End, logbook.TailChunks)}
				return s.indexes.Put(t.Context(), record.ID.Book(), 1, section)
			},
			want: map[string]int{"UpdateItem": 1},
		},
		{
			name: "finding a block of an index",
			call: func() error {
				_, err := s.indexes.Get(t.Context(), record.ID.Book(), 77)
				return err
			},
			want: map[string]int{"Query": 1},
		},
		{
			name: "Enqueue and Cancel",
			call: func() error {
				other := catalog.ID("svc444444444444444444444")
				if err := s.directCatalog().Create(t.Context(), s.service(other), audit.Entry{}); err != nil {
					return err
				}
				_, err := s.deployments.Cancel(t.Context(), s.enqueue(t, other).ID, "ops", s.now)
				return err
			},
			want: map[string]int{"GetItem": 1 + 3, "TransactWriteItems": 1 + 1},
		},
	})
}

func TestChangesOfTheCatalogCostFewRequests(t *testing.T) {
	s := newStand(t)
	built := s.built(t)
	s.checkCosts(t, []costedStep{
		{
			name: "Update",
			call: func() error {
				return s.catalog.Update(t.Context(), built, built.UpdatedAt, audit.Entry{})
			},
			want: map[string]int{"GetItem": 1, "TransactWriteItems": 1},
		},
		{
			name: "Update with another deploy key",
			call: func() error {
				built.Dockerfile.KeyID = otherKeyID
				return s.catalog.Update(t.Context(), built, built.UpdatedAt, audit.Entry{})
			},
			want: map[string]int{"GetItem": 1, "TransactWriteItems": 1},
		},
		{
			name: "Get of an entity",
			call: func() error { _, err := s.catalog.Get(t.Context(), serviceID); return err },
			want: map[string]int{"BatchGetItem": 1},
		},
		{
			name: "List of entities",
			call: func() error {
				_, err := s.catalog.List(t.Context(), catalog.KindService, catalog.Page{})
				return err
			},
			want: map[string]int{"Query": 2},
		},
	})
}

// TestRecordsThatAreGone removes a queued record without the adapter, like a person in
// the AWS console. Other deployments must not be affected.
func TestRecordsThatAreGone(t *testing.T) {
	s := newStand(t)
	other := catalog.ID("svc111111111111111111111")
	if err := s.catalog.Create(t.Context(), s.service(other), audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	gone, left := s.enqueue(t, serviceID), s.enqueue(t, other)
	_, err := s.client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
		TableName: aws.String(s.tables.Services),
		Key: map[string]types.AttributeValue{
			"resource_uuid":   &types.AttributeValueMemberS{Value: string(serviceID)},
			"deployment_uuid": &types.AttributeValueMemberS{Value: string(gone.ID)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	load, err := s.history.Load(t.Context(), serverID)
	if err != nil || len(load.Queue) != 1 || load.Queue[0].ID != left.ID {
		t.Errorf("Load = %+v, %v; want the other one", load, err)
	}
	claimed, err := s.deployments.Claim(t.Context(), serverID, s.now)
	if err != nil || claimed.ID != left.ID {
		t.Errorf("Claim = %s, %v; want %s", claimed.ID, err, left.ID)
	}
	if _, err := s.deployments.Claim(t.Context(), serverID, s.now); !errors.Is(err, fault.NotFound) {
		t.Errorf("Claim of what is gone: %v, want NotFound", err)
	}
}

func TestTooLargeItemsAreInvalid(t *testing.T) {
	s := newStand(t)
	for part, grow := range map[string]func(*catalog.Service){
		"body": func(large *catalog.Service) {
			large.Compose = incompressible(catalog.MaxComposeBytes)
			large.Environment = []catalog.Variable{{Name: "A", Value: incompressible(300 << 10)}}
		},
		"head": func(large *catalog.Service) {
			large.Description = strings.Repeat("y", catalog.MaxHeadBytes)
		},
	} {
		id, err := catalog.NewID(catalog.KindService, rand.Reader)
		do(t, "NewID", err)
		large := s.service(id)
		grow(large)
		err = s.catalog.Create(t.Context(), large, audit.Entry{})
		if !errors.Is(err, fault.Invalid) || strings.Contains(fault.Public(err), "yyy") {
			t.Errorf("Create with a large %s: %v, want Invalid", part, err)
		}
		small := s.service(id)
		do(t, "Create", s.catalog.Create(t.Context(), small, audit.Entry{}))
		if err := s.catalog.Update(t.Context(), large, small.UpdatedAt, audit.Entry{}); !errors.Is(
			err,
			fault.Invalid,
		) {
			t.Errorf("Update with a large %s: %v, want Invalid", part, err)
		}
	}
}
