package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// ExpiryAttribute is the attribute of every table by which DynamoDB removes an
// item: a number, seconds since 1970.
const ExpiryAttribute = "expires_at"

// tables are the tables of the stack. Tokens, their use and the audit are apart from
// the catalog, so that a role can be limited to some of them: by the ARN of the table,
// which every implementation of IAM checks.
type tables struct {
	catalog                           awsdynamodb.TableV2
	tokens, tokenUse, audit           awsdynamodb.TableV2
	triggers, deliveries              awsdynamodb.TableV2
	applications, services, databases awsdynamodb.TableV2
}

func newTables(scope constructs.Construct, opts Options, keys encryption) tables {
	group := constructs.NewConstruct(scope, jsii.String("Tables"))
	add := func(id string, props awsdynamodb.TablePropsV2) awsdynamodb.TableV2 {
		return newTable(group, opts, keys, id, props)
	}
	return tables{
		catalog:      add("Catalog", keyed(text("kind"), text("uuid"))),
		tokens:       add("Tokens", keyed(number("id"), nil)),
		tokenUse:     add("TokenUse", keyed(number("id"), nil)),
		audit:        add("Audit", keyed(text("month"), text("id"))),
		deliveries:   add("Deliveries", keyed(text("part"), text("id"))),
		triggers:     add("Triggers", keyed(text("part"), text("id"))),
		applications: add("ApplicationDeployments", deploymentsKeyed()),
		services:     add("ServiceDeployments", deploymentsKeyed()),
		databases:    add("DatabaseDeployments", deploymentsKeyed()),
	}
}

// deployments are the tables whose items are deployments.
func (t tables) deployments() []awsdynamodb.TableV2 {
	return []awsdynamodb.TableV2{t.applications, t.services, t.databases}
}

// deploymentsKeyed are the keys, the indexes and the stream of a table of deployments. The
// stream has both images of an item, because dispatch compares the two statuses.
//
// The indexes find what the keys cannot: the deployments of a server, or of the whole
// team, in a range of time. They have keys only, and no write after the first one
// changes these, so a deployment pays for them once. Only records have the attributes.
func deploymentsKeyed() awsdynamodb.TablePropsV2 {
	props := keyed(text("resource_uuid"), text("deployment_uuid"))
	props.GlobalSecondaryIndexes = &[]*awsdynamodb.GlobalSecondaryIndexPropsV2{
		byTime("by-server", "server_uuid"),
		byTime("by-time", "shard"),
	}
	props.DynamoStream = awsdynamodb.StreamViewType_NEW_AND_OLD_IMAGES
	return props
}

func byTime(name, partition string) *awsdynamodb.GlobalSecondaryIndexPropsV2 {
	return &awsdynamodb.GlobalSecondaryIndexPropsV2{
		IndexName:      jsii.String(name),
		PartitionKey:   text(partition),
		SortKey:        number("time"),
		ProjectionType: awsdynamodb.ProjectionType_KEYS_ONLY,
	}
}

// keyed are the keys of a table; sort is nil for a table without a sort key.
func keyed(partition, sort *awsdynamodb.Attribute) awsdynamodb.TablePropsV2 {
	return awsdynamodb.TablePropsV2{PartitionKey: partition, SortKey: sort}
}

func text(name string) *awsdynamodb.Attribute {
	return &awsdynamodb.Attribute{Name: jsii.String(name), Type: awsdynamodb.AttributeType_STRING}
}

func number(name string) *awsdynamodb.Attribute {
	return &awsdynamodb.Attribute{Name: jsii.String(name), Type: awsdynamodb.AttributeType_NUMBER}
}

// newTable adds a table with these keys, and with the properties that all tables have.
func newTable(
	scope constructs.Construct, opts Options, keys encryption, id string, props awsdynamodb.TablePropsV2,
) awsdynamodb.TableV2 {
	props.TableName = opts.tableName(kebab(id))
	// Deployments come in bursts.
	props.Billing = awsdynamodb.Billing_OnDemand(nil)
	// KMS with the account's own key for DynamoDB: CloudTrail shows its use, and
	// it costs nothing to keep. A role that may read the table may use the key
	// through DynamoDB, so no role needs a right on it.
	props.Encryption = awsdynamodb.TableEncryptionV2_AwsManagedKey()
	props.TimeToLiveAttribute = jsii.String(ExpiryAttribute)
	props.PointInTimeRecoverySpecification = &awsdynamodb.PointInTimeRecoverySpecification{
		PointInTimeRecoveryEnabled: jsii.Bool(true),
	}
	props.DeletionProtection = jsii.Bool(opts.keepsData())
	props.RemovalPolicy = opts.removal()
	table := awsdynamodb.NewTableV2(scope, jsii.String(opts.tableID(id)), &props)
	keys.table(table)
	return table
}
