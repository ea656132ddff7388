package main

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// retentionDays is how long a queue keeps a message, the maximum of SQS: a message
// in a dead-letter queue waits for a person, who may be on leave.
const retentionDays = 14

// maxReceives is how often a message of the runner's queue is handed over
// before it counts as dead: SQS's own maximum.
//
// A message comes again every 40 s while it cannot be processed. This is normal
// for hours if another runner already has the deployment, and for as long as
// DynamoDB or S3 are down. Giving up too soon would leave a deployment in progress
// without a runner, and its server with a slot less; at 100 that would be after 67
// minutes. A message that can never succeed costs a short invocation every 40 s
// for 11 hours, less than a cent in all. The alarms on the runner report it long
// before.
const maxReceives = 1000

// maxTriggerReceives is how often a message of the queue of events is handed over before it
// counts as dead. It comes again every minute, so this is an hour: most outages are over by
// then. A message that can never be handled is a dead letter at once, with its reason.
const maxTriggerReceives = 60

// maxNotifyReceives is how often a message of a notification is handed over before it counts as
// dead. The function itself gives up after nine attempts; the rest is for functions that were
// killed, and for outages of the tables.
const maxNotifyReceives = 50

// queues are the queues of the runner and of events, and the dead-letter queues: one for each
// source, so that its depth names the broken part.
type queues struct {
	runner        awssqs.Queue
	runnerDead    awssqs.Queue
	trigger       awssqs.Queue
	triggerDead   awssqs.Queue
	notify        awssqs.Queue
	notifyDead    awssqs.Queue
	streamsDead   awssqs.Queue
	schedulesDead awssqs.Queue
}

func newQueues(scope constructs.Construct, opts Options, keys encryption) queues {
	group := constructs.NewConstruct(scope, jsii.String("Queues"))
	add := func(id string, to feeds) awssqs.Queue { return newQueue(group, opts, keys, id, to) }
	runnerDead, triggerDead := add("RunnerDead", feeds{}), add("TriggerDead", feeds{})
	notifyDead := add("NotifyDead", feeds{})
	return queues{
		// Lambda requires the function's own time limit at least. The runner shortens
		// it as soon as it has begun.
		runner:        add("Runner", feeds{opts.runnerTimeout(), maxReceives, runnerDead}),
		runnerDead:    runnerDead,
		trigger:       add("Trigger", feeds{triggerTimeout, maxTriggerReceives, triggerDead}),
		triggerDead:   triggerDead,
		notify:        add("Notify", feeds{notifyTimeout, maxNotifyReceives, notifyDead}),
		notifyDead:    notifyDead,
		streamsDead:   add("StreamsDead", feeds{}),
		schedulesDead: add("SchedulesDead", feeds{}),
	}
}

// admitRules lets rules of the account send requests to the queue of events whose names end in the
// name of the stack. A pattern with the name at its beginning would match the rules of a team
// whose name begins with this team's.
func (q queues) admitRules(stack awscdk.Stack, opts Options) {
	rules := awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), nil)
	q.trigger.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{rules},
		Actions:    jsii.Strings("sqs:SendMessage"),
		Resources:  &[]*string{q.trigger.QueueArn()},
		Conditions: &map[string]any{"ArnLike": map[string]any{"aws:SourceArn": stack.FormatArn(
			&awscdk.ArnComponents{Service: jsii.String("events"), Resource: jsii.String("rule"),
				ResourceName: jsii.String("*-to-" + opts.prefix())})}},
	}))
}

// dead returns the dead-letter queues with the meaning of each.
func (q queues) dead() []deadLetters {
	return []deadLetters{
		{"RunnerDead", q.runnerDead, "A deployment was handed to runners again and again " +
			"and none could work on it. It may still be in progress."},
		{"TriggerDead", q.triggerDead, "An event can start nothing, or could not be handled. " +
			"The message's attributes say why, and GET /triggers/recent lists it."},
		{"NotifyDead", q.notifyDead, "A notification was not delivered. The message says to whom " +
			"and why, and GET /notifications/UUID/deliveries lists it."},
		{"StreamsDead", q.streamsDead, "Changes of deployments were not handled: " +
			"a start may not have been sent to a runner, or an event not published."},
		{"SchedulesDead", q.schedulesDead, "The sweep, the net below the streams, did not run or failed."},
	}
}

type deadLetters struct {
	id      string
	queue   awssqs.Queue
	meaning string
}

// feeds describes a queue that feeds a function with the time limit. After so many deliveries a
// message goes to the dead-letter queue. The zero value is a queue that feeds none.
type feeds struct {
	limit    time.Duration
	receives int
	dead     awssqs.Queue
}

func newQueue(
	scope constructs.Construct, opts Options, keys encryption, id string, to feeds,
) awssqs.Queue {
	props := &awssqs.QueueProps{
		QueueName: opts.name(kebab(id)),
		// Emulators are reached over plain HTTP, on loopback.
		EnforceSSL:      jsii.Bool(!opts.Local),
		RetentionPeriod: awscdk.Duration_Days(jsii.Number(retentionDays)),
	}
	if to.dead != nil {
		props.VisibilityTimeout = seconds(to.limit)
		props.DeadLetterQueue = &awssqs.DeadLetterQueue{
			Queue:           to.dead,
			MaxReceiveCount: jsii.Number(to.receives),
		}
	}
	if keys.key == nil {
		props.Encryption = awssqs.QueueEncryption_SQS_MANAGED
		return awssqs.NewQueue(scope, jsii.String(id), props)
	}
	queue := awssqs.NewQueue(scope, jsii.String(id), props)
	// As a property of the construct, the key would let every rule of the account use the queue.
	queue.Node().DefaultChild().(awssqs.CfnQueue).SetKmsMasterKeyId(keys.arn())
	return queue
}
