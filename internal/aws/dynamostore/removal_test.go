package dynamostore_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/audit"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/deployment"
	"waybill/internal/logbook"
)

// TestARemovalLeavesNoItem has a record with details and with an index of two blocks, and
// a neighbour with the same.
func TestARemovalLeavesNoItem(t *testing.T) {
	s := newStand(t)
	var records []deployment.Record
	for range 2 {
		record := s.enqueue(t, serviceID)
		if _, err := s.deployments.Claim(t.Context(), serverID, s.now); err != nil {
			t.Fatal(err)
		}
		begun, err := s.deployments.Begin(t.Context(), record.ID, "runner", s.now, deployment.LeaseLength)
		do(t, "Begin", err)
		do(t, "Finish", s.deployments.Finish(t.Context(), begun.ID, begun.Lease, begun.Progress,
			deployment.Outcome{Status: deployment.Failed}, s.now))
		_, err = s.deployments.Hold(t.Context(), begun.ID, deployment.Hold{Held: true, At: s.now, By: "ops"},
			audit.Entry{})
		do(t, "Hold", err)
		section := logbook.Section{First: 1, Ends: make([]logbook.End, logbook.TailChunks)}
		for _, block := range []logbook.Order{1, 1000} {
			do(t, "Put", s.indexes.Put(t.Context(), begun.ID.Book(), block, section))
		}
		records = append(records, begun)
	}
	items := func(id deployment.ID) int {
		t.Helper()
		found, err := s.client.Scan(t.Context(), &dynamodb.ScanInput{
			TableName: aws.String(s.tables.Services), ConsistentRead: aws.Bool(true),
			FilterExpression: aws.String("resource_uuid = :id"),
			ExpressionAttributeValues: dynamostore.Item{
				":id": &types.AttributeValueMemberS{Value: string(id)}}})
		do(t, "Scan", err)
		return len(found.Items)
	}
	for range 2 {
		removal := deployment.Removal{Record: records[0], Place: "1"}
		do(t, "Removed", s.deployments.Removed(t.Context(), removal))
		if gone, kept := items(records[0].ID), items(records[1].ID); gone != 0 || kept != 3 {
			t.Errorf("%d items left of the removed one and %d of its neighbour, want 0 and 3", gone, kept)
		}
	}
}
