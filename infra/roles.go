package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// tokens is the partition of the catalog table that holds the bearer tokens.
const tokens = "token"

// newRole returns the role of one function, with exactly these statements. They
// are part of the role itself, so that it never exists without them: Lambda
// looks at it when it connects a stream or a queue.
func newRole(scope constructs.Construct, id string, statements []awsiam.PolicyStatement) awsiam.Role {
	return awsiam.NewRole(scope, jsii.String(id), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		InlinePolicies: &map[string]awsiam.PolicyDocument{
			"own": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &statements}),
		},
	})
}

// catalogMay: every entity, the tokens, and the secrets it puts away. It reads
// a server's key to try it and to look at what runs there. A resource's deletion
// is queued like any other deployment, and a change of it is a record. It
// queries for a resource's newest deployment, to tell a repeated request.
func (r resources) catalogMay() []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		allow(on(r.tables.catalog.TableArn()),
			"dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
		allow(r.deploymentTables(), "dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"),
		allow(on(r.secrets.arn), "ssm:GetParameter", "ssm:PutParameter", "ssm:DeleteParameter"),
		allow(r.objects(configurations), "s3:PutObject"),
	}
}

// deployMay: reads tokens and resources, and queues a deployment: a record, a
// place on its server, a mark on its resource and the request's key. It takes
// these away again, and notes on a record that it is to be cancelled. It queries
// for a resource's newest deployment, to tell a repeated request. It writes
// down what a deployment is to run with, and reads what an earlier one ran with.
func (r resources) deployMay() []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		allow(on(r.tables.catalog.TableArn()), "dynamodb:GetItem"),
		noTokens(allow(on(r.tables.catalog.TableArn()), "dynamodb:PutItem", "dynamodb:UpdateItem")),
		allow(r.deploymentTables(), "dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"),
		allow(r.objects(configurations), "s3:PutObject", "s3:GetObject"),
		r.listObjects(),
	}
}

// listMay: reads.
func (r resources) listMay() []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		allow(on(r.tables.catalog.TableArn()), "dynamodb:GetItem", "dynamodb:Query"),
		allow(r.deploymentTables(), "dynamodb:BatchGetItem", "dynamodb:Query"),
	}
}

// showMay: reads, finds the latest of a resource, and notes on the record that
// somebody follows its log.
func (r resources) showMay() []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		allow(on(r.tables.catalog.TableArn()), "dynamodb:GetItem"),
		allow(r.deploymentTables(), "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"),
		allow(r.objects(chunks, configurations), "s3:GetObject"),
		r.listObjects(),
	}
}

// dispatchMay: follows the streams, claims, sends and publishes. What a
// deployment has taken off its server, it takes out of the catalog, with its
// secrets, which it cannot read.
func (r resources) dispatchMay() []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		noTokens(allow(on(r.tables.catalog.TableArn()), "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:DeleteItem")),
		allow(r.deploymentTables(), "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:UpdateItem"),
		allow(on(r.secrets.arn), "ssm:DeleteParameter"),
		allow(r.streams(), "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"),
		// AWS has nothing finer: the action takes no resource, and Lambda connects
		// no stream to a role without it. It shows names, not what is in them.
		allow(on(jsii.String("*")), "dynamodb:ListStreams"),
		allow(on(r.queues.runner.QueueArn()), "sqs:SendMessage"),
		// Lambda sends what failed for good in the function's name.
		allow(on(r.queues.streamsDead.QueueArn(), r.queues.schedulesDead.QueueArn()), "sqs:SendMessage"),
		allow(on(r.bus.EventBusArn()), "events:PutEvents"),
	}
}

// runnerMay: takes its messages, opens the secrets, works on the record, frees
// slot and resource at the end, and writes chunks. To take secrets out of logs
// it lists what a resource has run, and deletes versions of chunks, which there
// are none of unless somebody made the bucket keep them. It reads bytes that
// come from servers, so it is the last to be trusted with a token.
func (r resources) runnerMay() []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		noTokens(allow(on(r.tables.catalog.TableArn()), "dynamodb:GetItem", "dynamodb:UpdateItem")),
		allow(r.deploymentTables(), "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"),
		allow(on(r.queues.runner.QueueArn()), "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
			"sqs:ChangeMessageVisibility", "sqs:SendMessage"),
		allow(on(r.secrets.arn), "ssm:GetParameter"),
		allow(r.objects(chunks), "s3:PutObject", "s3:DeleteObjectVersion"),
		allow(r.objects(chunks, configurations), "s3:GetObject"),
		allow(on(r.logs.BucketArn()), "s3:ListBucket", "s3:ListBucketVersions"),
	}
}

// objects are the ARNs of what lies in the log bucket at the places.
func (r resources) objects(places ...string) []*string {
	arns := make([]*string, len(places))
	for i, place := range places {
		arns[i] = r.logs.ArnForObjects(jsii.String(place))
	}
	return arns
}

// listObjects allows listing the log bucket, for those who read in it: without
// it, S3 answers that an object which is not there is forbidden.
func (r resources) listObjects() awsiam.PolicyStatement {
	return allow(on(r.logs.BucketArn()), "s3:ListBucket")
}

// deploymentTables are the ARNs of the tables that hold deployments.
func (r resources) deploymentTables() []*string {
	return each(r.tables.deployments(), awsdynamodb.TableV2.TableArn)
}

// streams are the ARNs of those tables' streams.
func (r resources) streams() []*string {
	return each(r.tables.deployments(), awsdynamodb.TableV2.TableStreamArn)
}

func each(tables []awsdynamodb.TableV2, arn func(awsdynamodb.TableV2) *string) []*string {
	arns := make([]*string, len(tables))
	for i, table := range tables {
		arns[i] = arn(table)
	}
	return arns
}

func on(arns ...*string) []*string { return arns }

func allow(resources []*string, actions ...string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsii.Strings(actions...), Resources: &resources})
}

// noTokens narrows a statement on the catalog table to the items that are no
// bearer tokens: only the catalog function makes those.
func noTokens(statement awsiam.PolicyStatement) awsiam.PolicyStatement {
	statement.AddCondition(jsii.String("ForAllValues:StringNotEquals"),
		map[string]any{"dynamodb:LeadingKeys": []string{tokens}})
	return statement
}

// writesTo allows what a function needs for its own log.
func writesTo(group awslogs.LogGroup) awsiam.PolicyStatement {
	return allow(on(group.LogGroupArn()), "logs:CreateLogStream", "logs:PutLogEvents")
}
