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
	"waybill/internal/aws/awstest"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
	"waybill/internal/catalog/catalogtest"
	"waybill/internal/deployment/deploymenttest"
)

// tables makes the four tables under names of their own, with the keys of the
// stack, and removes them after the test.
func tables(t *testing.T) (*dynamodb.Client, dynamostore.Tables) {
	t.Helper()
	client := awstest.Session(t).DynamoDB()
	prefix := "test-" + strings.ToLower(rand.Text()) + "-"
	made := dynamostore.Tables{
		Catalog: prefix + "catalog", Applications: prefix + "applications",
		Services: prefix + "services", Databases: prefix + "databases",
	}
	create(t, client, made.Catalog, "kind", "uuid")
	for _, table := range []string{made.Applications, made.Services, made.Databases} {
		create(t, client, table, "resource_uuid", "deployment_uuid")
	}
	return client, made
}

func create(t *testing.T, client *dynamodb.Client, table, partition, sort string) {
	t.Helper()
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:   aws.String(table),
		BillingMode: types.BillingModePayPerRequest,
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String(partition), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String(sort), KeyType: types.KeyTypeRange},
		},
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String(partition), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String(sort), AttributeType: types.ScalarAttributeTypeS},
		},
	})
	// The SDK tries again when an answer is lost; the name is unique.
	if _, there := errors.AsType[*types.ResourceInUseException](err); err != nil && !there {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := client.DeleteTable(context.Background(),
			&dynamodb.DeleteTableInput{TableName: aws.String(table)})
		if _, gone := errors.AsType[*types.ResourceNotFoundException](err); err != nil && !gone {
			t.Error(err)
		}
	})
	waiter := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, time.Second
	})
	if err := waiter.Wait(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(table)},
		time.Minute); err != nil {
		t.Fatal(err)
	}
}

func TestStore(t *testing.T) {
	client, made := tables(t)
	store := dynamostore.NewCatalog(client, made.Catalog)
	catalogtest.TestStore(t, func(*testing.T) catalog.Store { return store })
}

func TestTokens(t *testing.T) {
	accesstest.TestTokens(t, func(t *testing.T) access.Tokens {
		client, made := tables(t)
		return dynamostore.NewCatalog(client, made.Catalog).Tokens()
	})
}

func TestLedger(t *testing.T) {
	client, made := tables(t)
	deployments := dynamostore.NewDeployments(client, made)
	ports := deploymenttest.Ports{Store: dynamostore.NewCatalog(client, made.Catalog), Ledger: deployments,
		History: deployments,
		Damage:  hand{client, made}.damage()}
	deploymenttest.TestLedger(t, func(*testing.T) deploymenttest.Ports { return ports })
}
