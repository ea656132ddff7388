package dynamostore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/access"
	"waybill/internal/access/accesstest"
	"waybill/internal/audit/audittest"
	"waybill/internal/aws/awstest"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
	"waybill/internal/catalog/catalogtest"
	"waybill/internal/deployment/deploymenttest"
	"waybill/internal/idempotency/idempotencytest"
	"waybill/internal/logbook"
	"waybill/internal/logbook/logbooktest"
	"waybill/internal/notify/notifytest"
	"waybill/internal/schedule/scheduletest"
	"waybill/internal/trigger"
	"waybill/internal/trigger/triggertest"
)

// tables makes the tables under names of their own, with the keys of the
// stack, and removes them after the test.
func tables(t *testing.T) (*dynamodb.Client, dynamostore.Tables) {
	t.Helper()
	client := awstest.SessionOf(t, awstest.DynamoDB).DynamoDB()
	prefix := "test-" + strings.ToLower(rand.Text()) + "-"
	made := dynamostore.Tables{
		Catalog: prefix + "catalog", Applications: prefix + "applications",
		Services: prefix + "services", Databases: prefix + "databases", Audit: prefix + "audit",
	}
	create(t, client, made.Audit, text("month"), text("id"))
	create(t, client, made.Catalog, text("kind"), text("uuid"))
	for _, table := range []string{made.Applications, made.Services, made.Databases} {
		createDeployments(t, client, table)
	}
	return client, made
}

func text(name string) types.AttributeDefinition {
	return types.AttributeDefinition{AttributeName: aws.String(name),
		AttributeType: types.ScalarAttributeTypeS}
}

// schema is a partition key and perhaps a sort key.
func schema(keys ...types.AttributeDefinition) []types.KeySchemaElement {
	var all []types.KeySchemaElement
	for i, key := range keys {
		role := []types.KeyType{types.KeyTypeHash, types.KeyTypeRange}[i]
		all = append(all, types.KeySchemaElement{AttributeName: key.AttributeName, KeyType: role})
	}
	return all
}

// createDeployments makes a table of deployments, with its two indexes.
func createDeployments(t *testing.T, client *dynamodb.Client, table string) {
	t.Helper()
	keys := []types.AttributeDefinition{text("resource_uuid"), text("deployment_uuid")}
	server, shard := text("server_uuid"), text("shard")
	at := types.AttributeDefinition{AttributeName: aws.String("time"),
		AttributeType: types.ScalarAttributeTypeN}
	index := func(name string, partition types.AttributeDefinition) types.GlobalSecondaryIndex {
		return types.GlobalSecondaryIndex{IndexName: aws.String(name), KeySchema: schema(partition, at),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}}
	}
	createTable(t, client, &dynamodb.CreateTableInput{
		TableName:            aws.String(table),
		KeySchema:            schema(keys...),
		AttributeDefinitions: append(keys, server, shard, at),
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{
			index("by-server", server), index("by-time", shard),
		},
	})
}

// create makes a table with a partition key and perhaps a sort key.
func create(t *testing.T, client *dynamodb.Client, table string, keys ...types.AttributeDefinition) {
	t.Helper()
	createTable(t, client, &dynamodb.CreateTableInput{
		TableName: aws.String(table), KeySchema: schema(keys...), AttributeDefinitions: keys,
	})
}

func createTable(t *testing.T, client *dynamodb.Client, input *dynamodb.CreateTableInput) {
	t.Helper()
	input.BillingMode = types.BillingModePayPerRequest
	_, err := client.CreateTable(t.Context(), input)
	// The SDK tries again when an answer is lost; the name is unique.
	if _, there := errors.AsType[*types.ResourceInUseException](err); err != nil && !there {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := client.DeleteTable(context.Background(),
			&dynamodb.DeleteTableInput{TableName: input.TableName})
		if _, gone := errors.AsType[*types.ResourceNotFoundException](err); err != nil && !gone {
			t.Error(err)
		}
	})
	waiter := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, time.Second
	})
	if err := waiter.Wait(t.Context(), &dynamodb.DescribeTableInput{TableName: input.TableName},
		time.Minute); err != nil {
		t.Fatal(err)
	}
}

func TestStore(t *testing.T) {
	client, made := tables(t)
	store := dynamostore.NewCatalog(client, made)
	catalogtest.TestStore(t, func(*testing.T) catalog.Store { return store })
}

func TestTriggers(t *testing.T) {
	client := awstest.SessionOf(t, awstest.DynamoDB).DynamoDB()
	triggertest.TestStore(t, func(t *testing.T) trigger.Store {
		table := "test-" + strings.ToLower(rand.Text()) + "-triggers"
		create(t, client, table, text("part"), text("id"))
		return dynamostore.NewTriggers(client, table)
	})
}

// TestP11ABurstEndsOnTheNewestVersions runs the use case over the tables.
func TestP11ABurstEndsOnTheNewestVersions(t *testing.T) {
	client, made := tables(t)
	table := made.Catalog + "-triggers"
	create(t, client, table, text("part"), text("id"))
	triggertest.TestBurst(t, triggertest.Stack{Store: dynamostore.NewTriggers(client, table),
		Catalog: dynamostore.NewCatalog(client, made), Ledger: dynamostore.NewDeployments(client, made),
		History: dynamostore.NewHistory(client, made)})
}

func TestDeliveries(t *testing.T) {
	client := awstest.SessionOf(t, awstest.DynamoDB).DynamoDB()
	table := "test-" + strings.ToLower(rand.Text()) + "-deliveries"
	create(t, client, table, text("part"), text("id"))
	notifytest.TestStore(t, dynamostore.NewDeliveries(client, table))
}

func TestSessions(t *testing.T) {
	client, made := tables(t)
	catalogtest.TestSessions(t, dynamostore.NewSessions(client, made.Catalog))
}

func TestSchedules(t *testing.T) {
	scheduletest.TestStore(t, func(t *testing.T) scheduletest.Ports {
		client, made := tables(t)
		return scheduletest.Ports{Catalog: dynamostore.NewCatalog(client, made),
			Schedules: dynamostore.NewSchedules(client, made), Log: dynamostore.NewAuditLog(client, made)}
	})
}

func TestIdempotencyKeys(t *testing.T) {
	client, made := tables(t)
	idempotencytest.TestStore(t, dynamostore.NewIdempotencyKeys(client, made.Catalog))
}

func TestTokens(t *testing.T) {
	accesstest.TestTokens(t, func(t *testing.T) access.Tokens {
		client := awstest.SessionOf(t, awstest.DynamoDB).DynamoDB()
		table := "test-" + strings.ToLower(rand.Text())
		id := types.AttributeDefinition{AttributeName: aws.String("id"),
			AttributeType: types.ScalarAttributeTypeN}
		create(t, client, table+"-tokens", id)
		create(t, client, table+"-token-use", id)
		return dynamostore.NewTokens(client,
			dynamostore.TokenTables{Tokens: table + "-tokens", Uses: table + "-token-use"})
	})
}

func TestAudit(t *testing.T) {
	audittest.TestLog(t, func(t *testing.T) audittest.Ports {
		client, made := tables(t)
		id := types.AttributeDefinition{AttributeName: aws.String("id"),
			AttributeType: types.ScalarAttributeTypeN}
		create(t, client, made.Audit+"-tokens", id)
		return audittest.Ports{
			Store: dynamostore.NewCatalog(client, made),
			Tokens: dynamostore.NewTokens(client,
				dynamostore.TokenTables{Tokens: made.Audit + "-tokens", Audit: made.Audit}),
			Log: dynamostore.NewAuditLog(client, made),
		}
	})
}

func TestIndexStore(t *testing.T) {
	client, made := tables(t)
	store := dynamostore.NewIndexes(client, made)
	logbooktest.TestIndexStore(t, func(*testing.T) logbook.IndexStore { return store })
}

func TestLedger(t *testing.T) {
	client, made := tables(t)
	history := dynamostore.NewHistory(client, made)
	ports := deploymenttest.Ports{
		Store:   dynamostore.NewCatalog(client, made),
		Ledger:  dynamostore.NewDeployments(client, made),
		History: history,
		Storage: history,
		Audit:   dynamostore.NewAuditLog(client, made),
		Damage:  hand{client, made}.damage(),
	}
	deploymenttest.TestLedger(t, func(*testing.T) deploymenttest.Ports { return ports })
}
