package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// ExpiryAttribute is the attribute of every table by which DynamoDB removes an
// item: a number, seconds since 1970.
const ExpiryAttribute = "expires_at"

// tables are the catalog, and one table for each kind of deployment.
type tables struct {
	catalog, applications, services, databases awsdynamodb.TableV2
}

func newTables(scope constructs.Construct, opts Options) tables {
	group := constructs.NewConstruct(scope, jsii.String("Tables"))
	return tables{
		catalog:      newTable(group, opts, "Catalog", "kind", "uuid", ""),
		applications: newDeployments(group, opts, "ApplicationDeployments"),
		services:     newDeployments(group, opts, "ServiceDeployments"),
		databases:    newDeployments(group, opts, "DatabaseDeployments"),
	}
}

// deployments are the tables whose items are deployments.
func (t tables) deployments() []awsdynamodb.TableV2 {
	return []awsdynamodb.TableV2{t.applications, t.services, t.databases}
}

// newDeployments returns a table of deployments. Its stream has both images of an
// item, because dispatch compares the two statuses.
func newDeployments(scope constructs.Construct, opts Options, id string) awsdynamodb.TableV2 {
	return newTable(scope, opts, id, "resource_uuid", "deployment_uuid",
		awsdynamodb.StreamViewType_NEW_AND_OLD_IMAGES)
}

func newTable(
	scope constructs.Construct, opts Options, id, partition, sort string, stream awsdynamodb.StreamViewType,
) awsdynamodb.TableV2 {
	text := func(name string) *awsdynamodb.Attribute {
		return &awsdynamodb.Attribute{Name: jsii.String(name), Type: awsdynamodb.AttributeType_STRING}
	}
	return awsdynamodb.NewTableV2(scope, jsii.String(id), &awsdynamodb.TablePropsV2{
		PartitionKey: text(partition),
		SortKey:      text(sort),
		// Deployments come in bursts.
		Billing:      awsdynamodb.Billing_OnDemand(nil),
		DynamoStream: stream,
		// KMS with the account's own key for DynamoDB: CloudTrail shows its use, and
		// it costs nothing to keep. A role that may read the table may use the key
		// through DynamoDB, so no role needs a right on a key.
		Encryption:          awsdynamodb.TableEncryptionV2_AwsManagedKey(),
		TimeToLiveAttribute: jsii.String(ExpiryAttribute),
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: jsii.Bool(true),
		},
		DeletionProtection: jsii.Bool(!opts.Local),
		RemovalPolicy:      opts.removal(),
	})
}
