package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newRole returns the role of one function, with exactly these statements. They
// are part of the role itself, so that it never exists without them: Lambda checks
// it when it connects a stream or a queue.
func newRole(scope constructs.Construct, id string, statements []awsiam.PolicyStatement) awsiam.Role {
	return awsiam.NewRole(scope, jsii.String(id), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		InlinePolicies: &map[string]awsiam.PolicyDocument{
			"own": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &statements}),
		},
	})
}

// catalogMay returns the rights of catalog: to read and write every entity, the
// tokens and the secrets. No other role may write tokens. So it connects to no server,
// and invokes inspect with a server's key to have it tested. It queues the deletion of a resource
// like any other deployment, and writes a record of a change. It queries for a
// resource's newest deployment, to recognise a repeated request. It adds entries to the
// audit, and queries for them. It keeps the copies of schedules in EventBridge Scheduler.
func (r resources) catalogMay() []awsiam.PolicyStatement {
	return append(r.keepSchedules(),
		allow(on(r.tables.catalog.TableArn()), "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query",
			"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
		allow(on(r.tables.tokens.TableArn()), "dynamodb:GetItem", "dynamodb:Scan",
			"dynamodb:PutItem", "dynamodb:DeleteItem"),
		r.noteTokenUse(),
		allow(on(r.tables.tokenUse.TableArn()), "dynamodb:GetItem", "dynamodb:Scan"),
		r.writeAudit(),
		allow(on(r.tables.audit.TableArn()), "dynamodb:Query"),
		allow(r.deploymentTables(), "dynamodb:GetItem", "dynamodb:Query",
			"dynamodb:PutItem", "dynamodb:UpdateItem"),
		allow(on(r.queues.notify.QueueArn()), "sqs:SendMessage"),
		allow(on(r.tables.deliveries.TableArn()), "dynamodb:Query"),
		allow(on(r.mailTopics("*")), "sns:CreateTopic", "sns:DeleteTopic", "sns:Subscribe",
			"sns:ListSubscriptionsByTopic"),
		allow(r.secrets.arns(resourceSecrets, keySecrets, registrySecrets, webhookSecrets,
			notificationSecrets),
			"ssm:GetParameters", "ssm:PutParameter"),
		allow(r.objects(configurations), "s3:PutObject"),
		allow(on(r.functionArn(inspectFunction)), "lambda:InvokeFunction"),
	)
}

// inspectMay returns the rights of inspect. It reads tokens, resources and secrets. For the plan
// of a start, it queries for the last start and its details, reads its configuration, and
// queries for the image registries. It parses bytes from servers, so it writes nothing but the
// state of a resource that it has seen and the sessions with a server, and no queue. It has no
// right to write tokens or to invoke a function.
func (r resources) inspectMay() []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		r.readTokens(),
		r.noteTokenUse(),
		allow(on(r.tables.catalog.TableArn()), "dynamodb:BatchGetItem"),
		r.allowKinds(append(resourceStates(), "server-sessions"), "dynamodb:UpdateItem"),
		r.allowKinds([]string{"registry"}, "dynamodb:Query"),
		allow(r.deploymentTables(), "dynamodb:BatchGetItem", "dynamodb:Query"),
		allow(r.objects(configurations), "s3:GetObject"),
		r.listObjects(),
		allow(r.secrets.arns(resourceSecrets, keySecrets), "ssm:GetParameters"),
	}
}

// deployMay returns the rights of deploy. It reads tokens and resources, and queries for
// the resources with a tag. It queues a deployment: a record, a place in its server's
// queue, a mark on its resource and the item of the request. It cancels one, and notes on
// a queued one that another token was given it. It queries for a resource's newest
// deployment, to recognise a repeated request. It writes the configuration of a deployment
// and reads earlier ones. It adds the holds that it changes to the audit.
func (r resources) deployMay() []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		r.writeAudit(),
		r.readTokens(),
		r.noteTokenUse(),
		allow(on(r.tables.catalog.TableArn()), "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query",
			"dynamodb:PutItem", "dynamodb:UpdateItem"),
		allow(r.deploymentTables(), "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query",
			"dynamodb:PutItem", "dynamodb:UpdateItem"),
		allow(r.objects(configurations), "s3:PutObject", "s3:GetObject"),
		r.listObjects(),
	}
}

// listMay returns the rights of list, which only reads. The indexes find the deployments of
// the team and of a server.
func (r resources) listMay() []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		r.readTokens(),
		r.noteTokenUse(),
		allow(on(r.tables.catalog.TableArn()), "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"),
		allow(r.deploymentTables(), "dynamodb:BatchGetItem", "dynamodb:Query"),
		allow(each(r.tables.deployments(), indexByTime), "dynamodb:Query"),
		allow(each(r.tables.deployments(), indexByServer), "dynamodb:Query"),
		allow(on(r.tables.triggers.TableArn()), "dynamodb:BatchGetItem", "dynamodb:Query"),
	}
}

// showMay returns the rights of show. It reads, queries for a resource's newest
// deployment and its details, and notes on a record that a reader follows its log.
func (r resources) showMay() []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		r.readTokens(),
		r.noteTokenUse(),
		allow(on(r.tables.catalog.TableArn()), "dynamodb:BatchGetItem"),
		allow(r.deploymentTables(), "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query",
			"dynamodb:UpdateItem"),
		allow(r.objects(chunks, configurations), "s3:GetObject"),
		r.listObjects(),
	}
}

// dispatchMay returns the rights of dispatch. It reads the streams, claims, sends,
// writes the feed and publishes. It makes the daily rollups. Once a deployment has
// removed a resource from its server, it removes the resource from the catalog, and adds that
// to the audit. Once a
// record was removed, it deletes its details, its log, and its configuration if nothing
// else uses that. It deletes secrets that no entity names any more, and cannot read any. It
// repairs the copies of schedules in EventBridge Scheduler.
func (r resources) dispatchMay() []awsiam.PolicyStatement {
	return append(r.keepSchedules(),
		r.writeAudit(),
		allow(on(r.tables.catalog.TableArn()), "dynamodb:GetItem", "dynamodb:BatchGetItem",
			"dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
		allow(r.deploymentTables(), "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query",
			"dynamodb:UpdateItem", "dynamodb:DeleteItem"),
		allow(each(r.tables.deployments(), indexByTime), "dynamodb:Query"),
		allow(r.objects(chunks, configurations, excerpts), "s3:DeleteObject"),
		allow(r.objects(configurations), "s3:GetObject", "s3:PutObject"),
		r.listObjects(),
		allow(r.secrets.arns(resourceSecrets, keySecrets, registrySecrets, notificationSecrets),
			"ssm:DeleteParameters"),
		allow(on(r.queues.notify.QueueArn()), "sqs:SendMessage"),
		allow(on(r.tables.deliveries.TableArn()), "dynamodb:GetItem", "dynamodb:PutItem",
			"dynamodb:UpdateItem"),
		// Whether the events of schedules have come.
		allow(on(r.tables.triggers.TableArn()), "dynamodb:GetItem"),
		allow(r.streams(), "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"),
		// The action takes no resource, and Lambda connects no stream to a role
		// without it. It shows the names of streams, not their content.
		allow(on(jsii.String("*")), "dynamodb:ListStreams"),
		allow(on(r.queues.runner.QueueArn()), "sqs:SendMessage"),
		// Lambda sends the dead letters with the function's role.
		allow(on(r.queues.streamsDead.QueueArn(), r.queues.schedulesDead.QueueArn()), "sqs:SendMessage"),
		allow(on(r.bus.EventBusArn()), "events:PutEvents"),
		// The action takes no resource. It shows only the names of schedules.
		allow(on(jsii.String("*")), "scheduler:ListSchedules"),
	)
}

// runnerMay returns the rights of runner. It takes messages, reads secrets, queries for
// the logins of image registries, writes the record, frees slot and resource at the end,
// and writes chunks, and the excerpt of a failed deployment. For a scrub it reads the state
// of a resource, queries for its deployments and their details, and deletes versions of
// chunks, which exist only if an operator has switched versioning on. It parses bytes from
// servers, so it has no right to the table of tokens, and in the catalog it writes only states.
func (r resources) runnerMay() []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		allow(on(r.tables.catalog.TableArn()), "dynamodb:GetItem", "dynamodb:BatchGetItem"),
		r.allowKinds(append(resourceStates(), "server-queue"), "dynamodb:UpdateItem"),
		r.allowKinds([]string{"registry"}, "dynamodb:Query"),
		allow(r.deploymentTables(), "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query",
			"dynamodb:UpdateItem"),
		allow(on(r.queues.runner.QueueArn()), "sqs:ReceiveMessage", "sqs:DeleteMessage",
			"sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility", "sqs:SendMessage"),
		allow(r.secrets.arns(resourceSecrets, keySecrets, registrySecrets), "ssm:GetParameters"),
		allow(r.objects(chunks), "s3:PutObject", "s3:DeleteObjectVersion"),
		allow(r.objects(excerpts), "s3:PutObject", "s3:DeleteObject"),
		allow(r.objects(chunks, configurations), "s3:GetObject"),
		allow(on(r.logs.BucketArn()), "s3:ListBucket", "s3:ListBucketVersions"),
	}
}

// resourceStates are the kinds of the items with the states of resources.
func resourceStates() []string {
	return []string{"application-state", "service-state", "database-state"}
}

// allowKinds allows actions on items of these kinds in the catalog table, whose partition key is
// the kind. So a function that parses what servers send can write no definition.
func (r resources) allowKinds(kinds []string, actions ...string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings(actions...),
		Resources: &[]*string{r.tables.catalog.TableArn()},
		Conditions: &map[string]any{"ForAllValues:StringEquals": map[string]any{
			"dynamodb:LeadingKeys": jsii.Strings(kinds...),
		}},
	})
}

// triggerMay returns the rights of trigger. It takes events and sends itself messages for later,
// and dead letters. It stores events and their results. It reads resources, and queues
// deployments as deploy does. Of the secrets it reads one: the key that the secrets of webhooks are
// derived from. It reads no log.
func (r resources) triggerMay() []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		allow(on(r.tables.triggers.TableArn()), "dynamodb:GetItem", "dynamodb:Query",
			"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
		allow(on(r.tables.catalog.TableArn()), "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query",
			"dynamodb:UpdateItem"),
		allow(r.deploymentTables(), "dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem",
			"dynamodb:UpdateItem"),
		r.writeAudit(),
		allow(r.objects(configurations), "s3:PutObject"),
		allow(r.secrets.arns(webhookSecrets), "ssm:GetParameters"),
		allow(on(r.queues.trigger.QueueArn()), "sqs:ReceiveMessage", "sqs:DeleteMessage",
			"sqs:GetQueueAttributes", "sqs:SendMessage"),
		// Lambda sends the dead letters of the schedule with the function's role.
		allow(on(r.queues.triggerDead.QueueArn(), r.queues.schedulesDead.QueueArn()), "sqs:SendMessage"),
	}
}

// notifyMay returns the rights of notify. It takes messages and sends dead letters. It reads
// the definitions and the secrets of notifications and the excerpts of failures, and stores the
// results. It publishes e-mails. It sends requests to addresses that users chose, so it reads no
// secret of a resource and no log. With a collector, it reads the headers for it.
func (r resources) notifyMay() []awsiam.PolicyStatement {
	secrets := []string{notificationSecrets}
	if r.opts.Traces != "" {
		secrets = append(secrets, traceSecrets)
	}
	return []awsiam.PolicyStatement{
		allow(on(r.queues.notify.QueueArn()), "sqs:ReceiveMessage", "sqs:DeleteMessage",
			"sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"),
		allow(on(r.queues.notifyDead.QueueArn()), "sqs:SendMessage"),
		r.allowKinds([]string{"notification"}, "dynamodb:BatchGetItem"),
		allow(on(r.tables.deliveries.TableArn()), "dynamodb:GetItem", "dynamodb:PutItem"),
		allow(r.secrets.arns(secrets...), "ssm:GetParameters"),
		allow(r.objects(excerpts), "s3:GetObject"),
		allow(on(r.mailTopics("*")), "sns:Publish"),
	}
}

// mailTopics returns the ARN of the topics for e-mails, whose names end in the rest. A team's
// name has no underscore, so the pattern does not match the topics of another team.
func (r resources) mailTopics(rest string) *string {
	return r.stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("sns"),
		Resource: jsii.String(r.opts.prefix() + "_mail_" + rest)})
}

// functionArn is the ARN of a function of the stack. It is made of the name, because the
// function does not exist before its role.
func (r resources) functionArn(name string) *string {
	return r.stack.FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("lambda"), Resource: jsii.String("function"), ResourceName: r.opts.name(name),
		ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
	})
}

// readTokens allows a function of the API to find the token of a request.
func (r resources) readTokens() awsiam.PolicyStatement {
	return allow(on(r.tables.tokens.TableArn()), "dynamodb:GetItem")
}

// noteTokenUse allows a function of the API to store that a token was used, and no more.
func (r resources) noteTokenUse() awsiam.PolicyStatement {
	return allow(on(r.tables.tokenUse.TableArn()), "dynamodb:PutItem")
}

// writeAudit allows a function to add entries to the audit. Every put has the condition that
// the id is new, and nothing may update or delete an entry.
func (r resources) writeAudit() awsiam.PolicyStatement {
	return allow(on(r.tables.audit.TableArn()), "dynamodb:PutItem")
}

// objects returns the ARNs of the log bucket's objects at the places.
func (r resources) objects(places ...string) []*string {
	arns := make([]*string, len(places))
	for i, place := range places {
		arns[i] = r.logs.ArnForObjects(jsii.String(place))
	}
	return arns
}

// listObjects allows listing the log bucket. Without it, S3 answers a reader that
// a missing object is forbidden.
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

// indexByTime is the ARN of a table's index by time.
func indexByTime(table awsdynamodb.TableV2) *string {
	return jsii.String(*table.TableArn() + "/index/by-time")
}

// indexByServer is the ARN of a table's index by server.
func indexByServer(table awsdynamodb.TableV2) *string {
	return jsii.String(*table.TableArn() + "/index/by-server")
}

func on(arns ...*string) []*string { return arns }

func allow(resources []*string, actions ...string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings(actions...),
		Resources: &resources,
	})
}

// always returns what each function may do: write its own log, and what the options of the stack
// add to it.
func (r resources) always(f function, log awslogs.LogGroup) []awsiam.PolicyStatement {
	may := []awsiam.PolicyStatement{
		allow(on(log.LogGroupArn()), "logs:CreateLogStream", "logs:PutLogEvents"),
	}
	if r.opts.Tracing {
		// The actions take no resource.
		may = append(may, allow(on(jsii.String("*")), "xray:PutTraceSegments", "xray:PutTelemetryRecords"))
	}
	if f.reaches && r.vpc != nil {
		may = append(may, r.connectToVPC(f.name)...)
	}
	return may
}

// interfaces are the actions that Lambda connects a function to a VPC with, by the role of the
// function. They take no resource that is known before.
var interfaces = []string{"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces",
	"ec2:DescribeSubnets", "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses",
	"ec2:UnassignPrivateIpAddresses"}

// connectToVPC lets Lambda connect the function to a VPC, and denies the same to the function's own
// code (Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC").
func (r resources) connectToVPC(name string) []awsiam.PolicyStatement {
	deny := awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Effect:    awsiam.Effect_DENY,
		Actions:   jsii.Strings(interfaces...),
		Resources: jsii.Strings("*"),
		Conditions: &map[string]any{"ArnEquals": map[string]any{
			"lambda:SourceFunctionArn": r.functionArn(name),
		}},
	})
	return []awsiam.PolicyStatement{allow(on(jsii.String("*")), interfaces...), deny}
}
