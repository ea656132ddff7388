package dynamostore_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"waybill/internal/audit"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
	"waybill/internal/catalog/catalogtest"
	"waybill/internal/deployment"
)

// written is one item that a request wrote.
type written struct {
	table string
	key   map[string]types.AttributeValue
}

// itemWrite is the part of a request that names the item.
type itemWrite struct {
	TableName string
	Key, Item map[string]struct{ S string }
}

// note lists the items that a request wrote.
func (w *wiretap) note(operation string, body []byte) {
	var request struct {
		itemWrite
		TransactItems []struct{ Put, Update, Delete *itemWrite }
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return // no write has other attributes at these places
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range request.TransactItems {
		for _, write := range []*itemWrite{one.Put, one.Update, one.Delete} {
			if write != nil {
				w.written = append(w.written, write.written())
			}
		}
	}
	if operation == "UpdateItem" || operation == "PutItem" {
		w.written = append(w.written, request.written())
	}
}

func (i itemWrite) written() written {
	key := map[string]types.AttributeValue{}
	for _, name := range []string{"kind", "uuid", "resource_uuid", "deployment_uuid"} {
		for _, from := range []map[string]struct{ S string }{i.Key, i.Item} {
			if value, has := from[name]; has {
				key[name] = &types.AttributeValueMemberS{Value: value.S}
			}
		}
	}
	if key["kind"] != nil { // a request's key has the uuid of a deployment as an attribute
		delete(key, "resource_uuid")
		delete(key, "deployment_uuid")
	}
	return written{i.TableName, key}
}

// units returns the write units of each item that the call writes. DynamoDB counts a unit
// for each begun KB of the item, and two in a transaction, which is left out here.
func (s *stand) units(t *testing.T, call func() error) []string {
	t.Helper()
	s.wire.mu.Lock()
	s.wire.written = nil
	s.wire.mu.Unlock()
	if err := call(); err != nil {
		t.Fatal(err)
	}
	var units []string
	for _, one := range s.wire.written {
		got, err := s.client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(one.table),
			Key: one.key, ConsistentRead: aws.Bool(true)})
		if err != nil {
			t.Fatal(err)
		}
		kind, _ := got.Item["kind"].(*types.AttributeValueMemberS)
		name := "record"
		if kind != nil {
			name = kind.Value
		}
		units = append(units, fmt.Sprintf("%s %d", name, (dynamostore.ItemSize(got.Item)+1023)/1024))
	}
	return units
}

// TestADeploymentCostsTheSameWhateverTheDefinition runs a deployment of a service with a small
// and with a large compose file and compares the items that each step writes.
func TestADeploymentCostsTheSameWhateverTheDefinition(t *testing.T) {
	want := map[string][]string{
		"Enqueue": {"record 1", "server-queue 1", "service-state 1", "request 1"},
		"Claim":   {"record 1", "server-queue 1", "service-state 1"},
		"Begin":   {"record 1"},
		"Advance": {"record 1"},
		"Finish":  {"record 1", "server-queue 1", "service-state 1"},
		"Observe": {"service-state 1"},
	}
	for _, bytes := range []int{0, 100 << 10, catalog.MaxComposeBytes} {
		t.Run(fmt.Sprintf("with a compose file of %d bytes", bytes), func(t *testing.T) {
			s := newStand(t)
			service, err := catalog.Find[*catalog.Service](t.Context(), s.catalog, serviceID)
			do(t, "Find", err)
			service.Compose = incompressible(bytes)
			do(t, "Update", s.catalog.Update(t.Context(), service, service.UpdatedAt, audit.Entry{}))
			if diff := cmp.Diff(s.lifeUnits(t), want); diff != "" {
				t.Errorf("the units of each step (-got +want):\n%s", diff)
			}
		})
	}
}

// lifeUnits returns the units of each step of a deployment.
func (s *stand) lifeUnits(t *testing.T) map[string][]string {
	t.Helper()
	var record deployment.Record
	units := map[string][]string{}
	for _, step := range []struct {
		name string
		call func() error
	}{
		{"Enqueue", func() error { s.enqueue(t, serviceID); return nil }},
		{"Claim", func() (err error) {
			record, err = s.deployments.Claim(t.Context(), serverID, s.now)
			return err
		}},
		{"Begin", func() (err error) {
			record, err = s.deployments.Begin(t.Context(), record.ID, "runner", s.now, time.Minute)
			return err
		}},
		{"Advance", func() error {
			_, err := s.deployments.Advance(t.Context(), record.ID, record.Lease, record.Progress, s.now,
				time.Minute)
			return err
		}},
		{"Finish", func() error {
			outcome := deployment.Outcome{Status: deployment.Finished, ResourceStatus: "running:healthy"}
			return s.deployments.Finish(t.Context(), record.ID, record.Lease, record.Progress, outcome, s.now)
		}},
		{"Observe", func() error { return s.catalog.Observe(t.Context(), serviceID, "exited") }},
	} {
		units[step.name] = s.units(t, step.call)
	}
	return units
}

func TestAnUpdateWritesTheBodyOnlyIfItChanged(t *testing.T) {
	s := newStand(t)
	for _, c := range []struct {
		name   string
		change func(*catalog.Service)
		want   []string
	}{
		{"with a first body", func(s *catalog.Service) { s.Compose = incompressible(5000) },
			[]string{"service 1", "service-body 4"}},
		{"with another name", func(s *catalog.Service) { s.Name = "other" }, []string{"service 1"}},
		{"with the same body", func(s *catalog.Service) { s.Environment = []catalog.Variable{} },
			[]string{"service 1"}},
		{"with another variable", func(s *catalog.Service) {
			s.Environment = []catalog.Variable{{Name: "PORT", Value: "80"}}
		}, []string{"service 1", "service-body 4"}},
	} {
		service, err := catalog.Find[*catalog.Service](t.Context(), s.catalog, serviceID)
		do(t, "Find", err)
		was := service.UpdatedAt
		service.UpdatedAt = was.Add(time.Second)
		c.change(service)
		got := s.units(t, func() error { return s.catalog.Update(t.Context(), service, was, audit.Entry{}) })
		if diff := cmp.Diff(got, c.want); diff != "" {
			t.Errorf("an update %s writes (-got +want):\n%s", c.name, diff)
		}
	}
}

// TestTheLargestResourcesFit compares the sizes that [catalog.Check] counts with the stored
// ones. A head has some bytes left for what an entity may get later.
func TestTheLargestResourcesFit(t *testing.T) {
	const left = 128
	for name, draft := range catalogtest.Largest() {
		catalogtest.Fit(t, draft)
		if _, err := catalog.SealSecrets(draft, nil, rand.Reader); err != nil {
			t.Fatal(err)
		}
		meta := draft.Common()
		meta.ID, meta.CreatedAt, meta.UpdatedAt = serviceID, time.Now(), time.Now()
		generation, err := catalog.NewGeneration(time.Now(), rand.Reader)
		do(t, "NewGeneration", err)
		meta.Generation = generation
		if application, is := draft.(*catalog.Application); is && application.Source() != nil {
			application.Source().KeyID = oneKeyID
		}
		stored := encoded(t, draft)
		head := dynamostore.ItemSize(dynamostore.Head(stored))
		body := dynamostore.ItemSize(dynamostore.Body(stored))
		t.Logf("%s: a head of %d bytes and a body of %d", name, head, body)
		if head > catalog.MaxHeadBytes-left || body > catalog.MaxBodyBytes {
			t.Errorf("%s: a head of %d bytes and a body of %d", name, head, body)
		}
	}
}
