package dynamostore_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"waybill/internal/audit"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/logbook"
)

// indexed are the attributes of the secondary indexes.
var indexed = []string{"server_uuid", "shard", "time"}

// found returns the deployments in a range of an index, oldest first.
func (s *stand) found(t *testing.T, index, key, value string, from, to time.Time) []deployment.ID {
	t.Helper()
	page, err := s.client.Query(t.Context(), &dynamodb.QueryInput{
		TableName: aws.String(s.tables.Services), IndexName: aws.String(index),
		KeyConditionExpression:   aws.String("#key = :key AND #time BETWEEN :from AND :to"),
		ExpressionAttributeNames: map[string]string{"#key": key, "#time": "time"},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":key":  &types.AttributeValueMemberS{Value: value},
			":from": &types.AttributeValueMemberN{Value: fmt.Sprint(from.UnixMicro())},
			":to":   &types.AttributeValueMemberN{Value: fmt.Sprint(to.UnixMicro())},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var ids []deployment.ID
	for _, stored := range page.Items {
		var key struct {
			ID deployment.ID `dynamodbav:"deployment_uuid"`
		}
		if err := attributevalue.UnmarshalMap(stored, &key); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, key.ID)
	}
	return ids
}

// TestIndexesFindDeploymentsByServerAndTime has no details and no index of a log in them.
func TestIndexesFindDeploymentsByServerAndTime(t *testing.T) {
	s := newStand(t)
	begun := s.now
	var ids []deployment.ID
	for n := range 5 {
		resource := catalog.ID(fmt.Sprintf("svc%021d", 500+n))
		if err := s.directCatalog().Create(t.Context(), s.service(resource), audit.Entry{}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, s.enqueue(t, resource).ID)
	}
	record := s.finished(t, deployment.Outcome{Status: deployment.Finished,
		Source: deployment.Source{Commit: "c0ffee0", Message: "Serve tea"}})
	second := func(n int) time.Time { return begun.Add(time.Duration(n) * time.Second) }
	for _, of := range [][2]string{{"server_uuid", string(serverID)}, {"shard", "h0"}} {
		index := map[string]string{"server_uuid": "by-server", "shard": "by-time"}[of[0]]
		for _, c := range []struct {
			from, to int
			want     []deployment.ID
		}{
			{0, 9, ids}, {2, 4, ids[1:4]}, {6, 9, nil}, {1, 1, ids[:1]},
		} {
			got := s.found(t, index, of[0], of[1], second(c.from), second(c.to))
			if !slices.Equal(got, c.want) {
				t.Errorf("%s from %d to %d: %s, want %s", index, c.from, c.to, got, c.want)
			}
		}
	}
	if !slices.Contains(ids, record.ID) {
		t.Errorf("%s ended, want one of %s", record.ID, ids)
	}
	const other = "srv999999999999999999999"
	if got := s.found(t, "by-server", "server_uuid", other, begun, second(9)); got != nil {
		t.Errorf("another server has %s", got)
	}
}

// finished runs the first deployment of the queue with a long log to its end.
func (s *stand) finished(t *testing.T, outcome deployment.Outcome) deployment.Record {
	t.Helper()
	record, err := s.deployments.Claim(t.Context(), serverID, s.now)
	do(t, "Claim", err)
	record, err = s.deployments.Begin(t.Context(), record.ID, "runner", s.now, time.Minute)
	do(t, "Begin", err)
	section := logbook.Section{First: 1, Ends: make([]logbook.End, logbook.TailChunks)}
	do(t, "Put", s.indexes.Put(t.Context(), record.ID.Book(), 1, section))
	do(t, "Finish", s.deployments.Finish(t.Context(), record.ID, record.Lease, record.Progress, outcome,
		s.now))
	return record
}

// TestNoWriteOfARunTouchesAnIndex: each change of an attribute of an index costs a write of
// that index.
func TestNoWriteOfARunTouchesAnIndex(t *testing.T) {
	s := newStand(t)
	id := s.enqueue(t, serviceID).ID
	attributes := func() map[string]types.AttributeValue {
		found, err := s.client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &s.tables.Services,
			Key: key("resource_uuid", string(serviceID), "deployment_uuid", string(id))})
		do(t, "GetItem", err)
		of := map[string]types.AttributeValue{}
		for _, name := range indexed {
			of[name] = found.Item[name]
		}
		return of
	}
	want := attributes()
	for name, value := range want {
		if value == nil {
			t.Errorf("the record has no %s", name)
		}
	}
	var record deployment.Record
	for _, step := range []struct {
		name string
		call func() (err error)
	}{
		{"Claim", func() (err error) {
			record, err = s.deployments.Claim(t.Context(), serverID, s.now)
			return err
		}},
		{"Begin", func() (err error) {
			record, err = s.deployments.Begin(t.Context(), id, "runner", s.now, time.Minute)
			return err
		}},
		{"Follow", func() error { return s.history.Follow(t.Context(), id, s.now) }},
		{"Advance", func() error {
			_, err := s.deployments.Advance(t.Context(), id, record.Lease, record.Progress, s.now,
				time.Minute)
			return err
		}},
		{"Cancel", func() error {
			_, err := s.deployments.Cancel(t.Context(), id, "ops", s.now)
			return err
		}},
		{"Finish", func() error {
			return s.deployments.Finish(t.Context(), id, record.Lease, record.Progress,
				deployment.Outcome{Status: deployment.Finished}, s.now)
		}},
		{"RecordScrub", func() error {
			return s.deployments.RecordScrub(t.Context(), id, "", logbook.Mark{Digest: "now"},
				deployment.ScrubSummary{At: s.now})
		}},
	} {
		s.now = s.now.Add(time.Second)
		do(t, step.name, step.call())
		if diff := cmp.Diff(attributes(), want, cmp.AllowUnexported(types.AttributeValueMemberS{},
			types.AttributeValueMemberN{})); diff != "" {
			t.Errorf("%s changed an index (-got +want):\n%s", step.name, diff)
		}
	}
}

func TestShardsAreUsedAlike(t *testing.T) {
	counts := map[string]int{}
	for n := range 4000 {
		id := deployment.ID(fmt.Sprintf("%s%016d", serviceID, n))
		counts[dynamostore.Shard(dynamostore.Tables{Shards: 4}, id)]++
		if got := dynamostore.Shard(dynamostore.Tables{}, id); got != "h0" {
			t.Fatalf("without a number of shards, %s is in %s, want h0", id, got)
		}
	}
	for n := range 4 {
		if got := counts[fmt.Sprintf("h%d", n)]; got < 800 || got > 1200 {
			t.Errorf("h%d has %d of 4000", n, got)
		}
	}
}
