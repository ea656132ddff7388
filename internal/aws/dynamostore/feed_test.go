package dynamostore_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/deployment/deploymenttest"
)

func TestFeed(t *testing.T) {
	client, made := tables(t)
	deploymenttest.TestFeed(t, dynamostore.NewFeed(client, made))
}

// TestFeedItems reads the items of the feed, which expire after an hour.
func TestFeedItems(t *testing.T) {
	client, made := tables(t)
	feed := dynamostore.NewFeed(client, made)
	first := deployment.ID(string(serviceID) + "0000000000000001")
	now := time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC)
	for i, status := range []deployment.Status{
		deployment.Queued, deployment.InProgress, deployment.Finished,
	} {
		change := deployment.Change{Record: deployment.Record{ID: first, Status: status}}
		if err := feed.Append(t.Context(), change, now.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	found, err := client.Query(t.Context(), &dynamodb.QueryInput{
		TableName:              aws.String(made.Catalog),
		KeyConditionExpression: aws.String("kind = :kind AND #uuid >= :since"),
		ExpressionAttributeNames: map[string]string{
			"#uuid": "uuid",
		},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":kind":  &types.AttributeValueMemberS{Value: "change"},
			":since": &types.AttributeValueMemberS{Value: catalog.TimeText(now.Add(time.Second))},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range found.Items {
		change, _ := item["change"].(*types.AttributeValueMemberS)
		expires, _ := item["expires_at"].(*types.AttributeValueMemberN)
		got = append(got, change.Value, expires.Value)
	}
	want := []string{string(first) + ".in_progress", "1787396401", string(first) + ".finished", "1787396402"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("changes since the second one and their expiry (-got +want):\n%s", diff)
	}
}
