package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdaeventsources"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// streamHours is how long a change is tried again. A change that can never be
// handled holds up all that come after it in its shard, so it cannot be a day;
// and a claim that is given up has its deployment wait for an operator, so it
// is no few minutes either: most outages are over in an hour. The stream keeps
// a change for 24 hours, and what lies in the dead-letter queue names its place.
const streamHours = 1

// maxRunners is how many deployments of the team run at once, whatever their
// servers would allow: a fifth of the concurrency that an account has for all
// of its functions when it has asked for no more. Messages above it wait.
const maxRunners = 200

// newTriggers connects what is not called by anybody: dispatch to the streams
// and to the clock, the runner to its queue.
func newTriggers(res resources, functions map[string]awslambda.Function) {
	group := constructs.NewConstruct(res.stack, jsii.String("Triggers"))
	for _, table := range res.tables.deployments() {
		awslambda.NewEventSourceMapping(group, table.Node().Id(), &awslambda.EventSourceMappingProps{
			Target:         functions["dispatch"],
			EventSourceArn: table.TableStreamArn(),
			// What was written before the function was connected counts too.
			StartingPosition: awslambda.StartingPosition_TRIM_HORIZON,
			// As many as come in one read. It waits for no more of them.
			BatchSize: jsii.Number(100),
			// One bad change is found and does not have the others handled again.
			ReportBatchItemFailures: jsii.Bool(true),
			BisectBatchOnError:      jsii.Bool(true),
			MaxRecordAge:            awscdk.Duration_Hours(jsii.Number(streamHours)),
			Filters:                 changesOfStatus(),
			OnFailure:               awslambdaeventsources.NewSqsDlq(res.queues.streamsDead),
		})
	}
	awslambda.NewEventSourceMapping(group, jsii.String("Runner"), &awslambda.EventSourceMappingProps{
		Target:         functions["runner"],
		EventSourceArn: res.queues.runner.QueueArn(),
		// A deployment takes as long as it takes; none waits for another's.
		BatchSize:               jsii.Number(1),
		ReportBatchItemFailures: jsii.Bool(true),
		MaxConcurrency:          jsii.Number(maxRunners),
	})
	newSweep(res, functions["dispatch"])
}

// changesOfStatus leaves out what dispatch has no use for, which is most of a
// stream: each time that a runner renews its lease. A pattern sees the new image
// alone; one in progress is new while no runner has begun, that is before the
// first attempt. dispatch compares the images itself, so a change too many is
// harmless.
func changesOfStatus() *[]*map[string]any {
	image := func(pattern map[string]any) *map[string]any {
		return awslambda.FilterCriteria_Filter(&map[string]any{"dynamodb": map[string]any{"NewImage": pattern}})
	}
	return &[]*map[string]any{
		image(map[string]any{"status": map[string]any{"S": []any{map[string]any{"anything-but": []string{"in_progress"}}}}}),
		image(map[string]any{
			"status": map[string]any{"S": []string{"in_progress"}},
			"lease":  map[string]any{"M": map[string]any{"attempt": map[string]any{"N": []string{"0"}}}},
		}),
	}
}

// newSweep has dispatch look at every server once a minute, the shortest time
// that a rule can do: the net below the streams.
func newSweep(res resources, dispatch awslambda.Function) {
	awsevents.NewRule(res.stack, jsii.String("Sweep"), &awsevents.RuleProps{
		Description: jsii.String("Finds what a lost change would have left waiting."),
		Schedule:    awsevents.Schedule_Rate(awscdk.Duration_Minutes(jsii.Number(1))),
		Targets: &[]awsevents.IRuleTarget{
			awseventstargets.NewLambdaFunction(dispatch, &awseventstargets.LambdaFunctionProps{
				DeadLetterQueue: res.queues.schedulesDead,
				// Later ones do the same.
				RetryAttempts: jsii.Number(0),
				MaxEventAge:   awscdk.Duration_Minutes(jsii.Number(1)),
			}),
		},
	})
}
