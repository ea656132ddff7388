package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdaeventsources"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"waybill/internal/settings"
)

// streamMinutes is how long dispatch tries to handle a change. A change that can never be
// handled holds up all later ones in its shard for as long. After a longer outage the changes
// are dead letters: the sweep repairs starts and ends, and `make redrive` handles the changes
// again, which the stream keeps for 24 hours.
const streamMinutes = 10

// defaultRunners is how many deployments of the team run at once, whatever their
// servers would allow: a fifth of the default concurrency of an account. Further
// messages wait.
const defaultRunners = 200

// newTriggers connects dispatch to the streams and to a schedule, and the runner to
// its queue.
func newTriggers(res resources, functions map[string]awslambda.Function) {
	group := constructs.NewConstruct(res.stack, jsii.String("Triggers"))
	for _, table := range res.tables.deployments() {
		awslambda.NewEventSourceMapping(group, table.Node().Id(), &awslambda.EventSourceMappingProps{
			Target:         functions["dispatch"],
			EventSourceArn: table.TableStreamArn(),
			// Changes from before the function was connected count too.
			StartingPosition: awslambda.StartingPosition_TRIM_HORIZON,
			// The changes of one read. Lambda does not wait for more.
			BatchSize: jsii.Number(100),
			// Lambda finds a bad change, and does not repeat the others.
			ReportBatchItemFailures: jsii.Bool(true),
			BisectBatchOnError:      jsii.Bool(true),
			MaxRecordAge:            awscdk.Duration_Minutes(jsii.Number(streamMinutes)),
			Filters:                 changesOfStatus(),
			OnFailure:               awslambdaeventsources.NewSqsDlq(res.queues.streamsDead),
		})
	}
	awslambda.NewEventSourceMapping(group, jsii.String("Runner"), &awslambda.EventSourceMappingProps{
		Target:         functions["runner"],
		EventSourceArn: res.queues.runner.QueueArn(),
		// A deployment may take long, and no other one must wait for it.
		BatchSize:               jsii.Number(1),
		ReportBatchItemFailures: jsii.Bool(true),
		MaxConcurrency:          jsii.Number(res.opts.maxRunners()),
	})
	newSweep(res, functions["dispatch"])
	newEvents(res, group, functions[triggerFunction])
	awslambda.NewEventSourceMapping(group, jsii.String("Notify"), &awslambda.EventSourceMappingProps{
		Target:         functions[notifyFunction],
		EventSourceArn: res.queues.notify.QueueArn(),
		// A target that does not answer holds up no other message.
		BatchSize:               jsii.Number(1),
		ReportBatchItemFailures: jsii.Bool(true),
		MaxConcurrency:          jsii.Number(maxNotifies),
	})
}

// changesOfStatus leaves out most of a stream: each renewal of a lease, and the removals
// of items that are no records, which have no status. A pattern of a change sees only the
// new image. A record in progress is new to dispatch until the first attempt, and may have a
// signal for it while it is parked. dispatch compares the images itself, so a change too many does no harm.
func changesOfStatus() *[]*map[string]any {
	image := func(pattern map[string]any) *map[string]any {
		return awslambda.FilterCriteria_Filter(&map[string]any{
			"dynamodb": map[string]any{"NewImage": pattern},
		})
	}
	return &[]*map[string]any{
		image(map[string]any{"status": map[string]any{
			"S": []any{map[string]any{"anything-but": []string{"in_progress"}}},
		}}),
		image(map[string]any{
			"status": map[string]any{"S": []string{"in_progress"}},
			"a":      map[string]any{"N": []string{"0"}}, // attempts
		}),
		image(map[string]any{
			"status": map[string]any{"S": []string{"in_progress"}},
			"k":      map[string]any{"N": []any{map[string]any{"exists": true}}}, // parked
		}),
		awslambda.FilterCriteria_Filter(&map[string]any{
			"eventName": []string{"REMOVE"},
			"dynamodb": map[string]any{"OldImage": map[string]any{
				"status": map[string]any{"S": []any{map[string]any{"exists": true}}},
			}},
		}),
	}
}

// newEvents connects trigger to the queue of events and to a schedule, and the stack's bus to the
// queue.
func newEvents(res resources, group constructs.Construct, trigger awslambda.Function) {
	awslambda.NewEventSourceMapping(group, jsii.String("Trigger"), &awslambda.EventSourceMappingProps{
		Target:                  trigger,
		EventSourceArn:          res.queues.trigger.QueueArn(),
		BatchSize:               jsii.Number(10),
		ReportBatchItemFailures: jsii.Bool(true),
		MaxConcurrency:          jsii.Number(maxTriggers),
	})
	res.queues.admitRules(res.stack, res.opts)
	newRule(res, "Requested", "Requests for deployments on the bus of the stack.", res.bus,
		requests(res.opts))
	if prefixes := settings.List(res.opts.Images); len(prefixes) > 0 {
		newRule(res, "Pushed", "Images that were pushed to the team's repositories.", nil, pushes(prefixes))
	}
	if buckets := settings.List(res.opts.Buckets); len(buckets) > 0 {
		newRule(res, "Created", "New objects in the team's buckets.", nil, &awsevents.EventPattern{
			Source: jsii.Strings("aws.s3"), DetailType: jsii.Strings("Object Created"),
			Detail: &map[string]any{"bucket": map[string]any{"name": buckets}}})
	}
	awsevents.NewRule(res.stack, jsii.String("Tick"), &awsevents.RuleProps{
		RuleName:    res.opts.name("tick"),
		Description: jsii.String("Starts the events that are due, whatever messages were lost."),
		Schedule:    awsevents.Schedule_Rate(awscdk.Duration_Minutes(jsii.Number(1))),
		Targets:     &[]awsevents.IRuleTarget{everyMinute(res, trigger)},
	})
}

// requests is the pattern of requests on the bus. On a bus of its own, the team also gets those for
// other teams, which are mistakes and become dead letters.
func requests(opts Options) *awsevents.EventPattern {
	pattern := &awsevents.EventPattern{DetailType: jsii.Strings("Deployment Requested")}
	if opts.Bus != "" {
		pattern.Detail = &map[string]any{"team": jsii.Strings(opts.Team)}
	}
	return pattern
}

// pushes is the pattern of successful pushes to repositories with the prefixes.
func pushes(prefixes []string) *awsevents.EventPattern {
	var names []any
	for _, prefix := range prefixes {
		names = append(names, map[string]string{"prefix": prefix})
	}
	return &awsevents.EventPattern{
		Source: jsii.Strings("aws.ecr"), DetailType: jsii.Strings("ECR Image Action"),
		Detail: &map[string]any{"action-type": jsii.Strings("PUSH"), "result": jsii.Strings("SUCCESS"),
			"repository-name": names}}
}

// maxNotifies is how many messages are sent at once.
const maxNotifies = 20

// maxTriggers is how many batches of events are handled at once. Each takes about a second, so
// further messages wait for moments.
const maxTriggers = 10

// newRule sends the events of a bus that match to the queue of events, as they are. nil is the
// default bus of the account.
func newRule(res resources, id, does string, bus awsevents.IEventBus, pattern *awsevents.EventPattern) {
	awsevents.NewRule(res.stack, jsii.String(id), &awsevents.RuleProps{
		RuleName:     res.opts.name(kebab(id)),
		Description:  jsii.String(does),
		EventBus:     bus,
		EventPattern: pattern,
		Targets: &[]awsevents.IRuleTarget{awseventstargets.NewSqsQueue(res.queues.trigger,
			&awseventstargets.SqsQueueProps{DeadLetterQueue: res.queues.triggerDead})},
	})
}

// everyMinute calls a function that does the same work a minute later anyway.
func everyMinute(res resources, function awslambda.Function) awsevents.IRuleTarget {
	return awseventstargets.NewLambdaFunction(function, &awseventstargets.LambdaFunctionProps{
		DeadLetterQueue: res.queues.schedulesDead,
		RetryAttempts:   jsii.Number(0),
		MaxEventAge:     awscdk.Duration_Minutes(jsii.Number(1)),
	})
}

// newSweep has dispatch check every server once a minute, the shortest interval of
// a rule. It finds what the streams have missed.
func newSweep(res resources, dispatch awslambda.Function) {
	awsevents.NewRule(res.stack, jsii.String("Sweep"), &awsevents.RuleProps{
		RuleName:    res.opts.name("sweep"),
		Description: jsii.String("Finds what a lost change would have left waiting."),
		Schedule:    awsevents.Schedule_Rate(awscdk.Duration_Minutes(jsii.Number(1))),
		Targets:     &[]awsevents.IRuleTarget{everyMinute(res, dispatch)},
	})
}
