package dynamostore_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/deployment/deploymenttest"
)

// hand is a person with access to the tables.
type hand struct {
	client *dynamodb.Client
	tables dynamostore.Tables
}

func (h hand) damage() deploymenttest.Damage {
	return deploymenttest.Damage{Save: h.save, Forget: h.forget, SetPlaces: h.setPlaces, SetState: h.setState}
}

func (h hand) table(id deployment.ID) *string {
	switch id.Kind() {
	case catalog.KindApplication:
		return aws.String(h.tables.Applications)
	case catalog.KindDatabase:
		return aws.String(h.tables.Databases)
	}
	return aws.String(h.tables.Services)
}

func (h hand) save(t *testing.T, record deployment.Record) {
	t.Helper()
	whole, err := dynamostore.EncodeRecord(record)
	do(t, "EncodeRecord", err)
	whole["shard"] = &types.AttributeValueMemberS{Value: dynamostore.Shard(h.tables, record.ID)}
	_, err = h.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: h.table(record.ID), Item: whole})
	do(t, "PutItem", err)
}

func (h hand) forget(t *testing.T, id deployment.ID) {
	t.Helper()
	_, err := h.client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
		TableName: h.table(id), Key: key("resource_uuid", string(id.Resource()), "deployment_uuid",
			string(id))})
	do(t, "DeleteItem", err)
}

func (h hand) setPlaces(t *testing.T, server catalog.ID, running, queue []deployment.ID) {
	t.Helper()
	runs := map[string]string{}
	for _, id := range running {
		runs[string(id)] = "2026-08-22T10:00:00Z"
	}
	h.set(t, server, map[string]any{"running": runs, "queue": append([]deployment.ID{}, queue...)})
}

func (h hand) setState(t *testing.T, resource catalog.ID, state catalog.State) {
	t.Helper()
	h.set(t, resource, map[string]any{"status": state.Status, "queued": state.Queued,
		"running": state.Running})
}

// set writes attributes of an entity's state.
func (h hand) set(t *testing.T, id catalog.ID, attributes map[string]any) {
	t.Helper()
	updates := map[string]types.AttributeValueUpdate{}
	for name, value := range attributes {
		encoded, err := attributevalue.Marshal(value)
		do(t, "Marshal", err)
		updates[name] = types.AttributeValueUpdate{Value: encoded}
	}
	_, err := h.client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: aws.String(h.tables.Catalog), Key: dynamostore.StateKey(id),
		AttributeUpdates: updates})
	do(t, "UpdateItem", err)
}

// key is an item's key: the names and values of both its attributes.
func key(partition, of, sort, is string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		partition: &types.AttributeValueMemberS{Value: of}, sort: &types.AttributeValueMemberS{Value: is}}
}
