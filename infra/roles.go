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
// a server's key to try it.
func (r resources) catalogMay() []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		allow(on(r.tables.catalog.TableArn()),
			"dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
		allow(on(r.secrets.arn), "ssm:GetParameter", "ssm:PutParameter", "ssm:DeleteParameter"),
	}
}

// deployMay: reads tokens and resources, and queues a deployment: a record, a
// place on its server, a mark on its resource and the request's key. It takes
// these away again, and notes on a record that it is to be cancelled.
func (r resources) deployMay() []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		allow(on(r.tables.catalog.TableArn()), "dynamodb:GetItem"),
		noTokens(allow(on(r.tables.catalog.TableArn()), "dynamodb:PutItem", "dynamodb:UpdateItem")),
		allow(r.deploymentTables(), "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
	}
}

// listMay: reads.
func (r resources) listMay() []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		allow(on(r.tables.catalog.TableArn()), "dynamodb:GetItem", "dynamodb:Query"),
		allow(r.deploymentTables(), "dynamodb:BatchGetItem", "dynamodb:Query"),
	}
}

// showMay: reads, and notes on the record that somebody follows its log.
func (r resources) showMay() []awsiam.PolicyStatement {
	return append([]awsiam.PolicyStatement{
		allow(on(r.tables.catalog.TableArn()), "dynamodb:GetItem"),
		allow(r.deploymentTables(), "dynamodb:GetItem", "dynamodb:UpdateItem"),
	}, r.readChunks()...)
}

// dispatchMay: follows the streams, claims, sends and publishes.
func (r resources) dispatchMay() []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		noTokens(allow(on(r.tables.catalog.TableArn()), "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem")),
		allow(r.deploymentTables(), "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:UpdateItem"),
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
// slot and resource at the end, and writes chunks. It reads bytes that come
// from servers, so it is the last to be trusted with a token.
func (r resources) runnerMay() []awsiam.PolicyStatement {
	return append([]awsiam.PolicyStatement{
		noTokens(allow(on(r.tables.catalog.TableArn()), "dynamodb:GetItem", "dynamodb:UpdateItem")),
		allow(r.deploymentTables(), "dynamodb:GetItem", "dynamodb:UpdateItem"),
		allow(on(r.queues.runner.QueueArn()), "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
			"sqs:ChangeMessageVisibility", "sqs:SendMessage"),
		allow(on(r.secrets.arn), "ssm:GetParameter"),
		allow(on(r.logs.ArnForObjects(jsii.String(chunks))), "s3:PutObject"),
	}, r.readChunks()...)
}

// readChunks allows reading the log bucket. Without the right to list it, S3
// answers that a chunk which is not there is forbidden.
func (r resources) readChunks() []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		allow(on(r.logs.ArnForObjects(jsii.String(chunks))), "s3:GetObject"),
		allow(on(r.logs.BucketArn()), "s3:ListBucket"),
	}
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
