// Package scheduler is the clock of schedules: a group of EventBridge Scheduler, whose schedules send
// messages to the trigger queue.
package scheduler

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"waybill/internal/aws/outage"
	"waybill/internal/fault"
	"waybill/internal/plainjson"
	"waybill/internal/schedule"
)

// Place has the names of the group and of the target of its schedules.
type Place struct {
	// Group is the schedule group of the stack.
	Group string
	// Queue is the ARN of the queue that they send to, and Role the ARN of the role that may. A clock
	// that only clears and lists needs neither.
	Queue string
	Role  string
}

// Clock is a group of EventBridge Scheduler. It is safe for use by several goroutines.
type Clock struct {
	client *scheduler.Client
	place  Place
}

var _ schedule.Clock = (*Clock)(nil)

// New returns the clock of the group.
func New(client *scheduler.Client, place Place) *Clock { return &Clock{client, place} }

// Open returns the clock of the group and makes a client for it.
func Open(config aws.Config, place Place) *Clock { return New(scheduler.NewFromConfig(config), place) }

// maxAge is how long the service tries to deliver a message. A start that comes an hour late is
// worse than none, and a missed one is reported.
const maxAge = time.Hour

// Set creates the schedule.
func (c *Clock) Set(ctx context.Context, one schedule.Copy) error {
	// The service finds the name of the attribute only if its brackets are not escaped.
	text, err := plainjson.Encode(schedule.NewMessage(one))
	if err != nil {
		return fault.Wrap(err, fault.Internal, "encode the message of a schedule")
	}
	window := &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff}
	if one.Flexible > 0 {
		window = &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeFlexible,
			MaximumWindowInMinutes: aws.Int32(int32(one.Flexible / time.Minute))}
	}
	input := &scheduler.CreateScheduleInput{
		GroupName: &c.place.Group, Name: &one.Name, FlexibleTimeWindow: window,
		ScheduleExpression: &one.Expression, ScheduleExpressionTimezone: &one.Timezone,
		State: types.ScheduleStateEnabled,
		// Whether it is there must not depend on whether it has run.
		ActionAfterCompletion: types.ActionAfterCompletionNone,
		Target: &types.Target{
			Arn: &c.place.Queue, RoleArn: &c.place.Role, Input: aws.String(string(text)),
			RetryPolicy: &types.RetryPolicy{MaximumEventAgeInSeconds: aws.Int32(int32(maxAge / time.Second))},
		},
	}
	if !one.Start.IsZero() {
		input.StartDate = &one.Start
	}
	_, err = c.client.CreateSchedule(ctx, input)
	if _, there := errors.AsType[*types.ConflictException](err); there {
		return nil
	}
	return classify(err)
}

// Clear deletes the schedule.
func (c *Clock) Clear(ctx context.Context, name string) error {
	_, err := c.client.DeleteSchedule(ctx,
		&scheduler.DeleteScheduleInput{GroupName: &c.place.Group, Name: &name})
	if _, gone := errors.AsType[*types.ResourceNotFoundException](err); gone {
		return nil
	}
	return classify(err)
}

// Names makes one request.
func (c *Clock) Names(ctx context.Context, after string) (names []schedule.Named, next string, err error) {
	const page = 100 // the service's limit
	input := &scheduler.ListSchedulesInput{GroupName: &c.place.Group, MaxResults: aws.Int32(page)}
	if after != "" {
		input.NextToken = &after
	}
	found, err := c.client.ListSchedules(ctx, input)
	if err != nil {
		return nil, "", classify(err)
	}
	for _, one := range found.Schedules {
		names = append(names,
			schedule.Named{Name: aws.ToString(one.Name), MadeAt: aws.ToTime(one.CreationDate)})
	}
	return names, aws.ToString(found.NextToken), nil
}

// classify is the only place that interprets errors of the SDK. The service's message about an
// expression does not name the field, so it is for the operator.
func classify(err error) error {
	if err == nil {
		return nil
	}
	if _, refused := errors.AsType[*types.ValidationException](err); refused {
		return fault.WrapField(err, fault.Invalid, "expression",
			"was refused by EventBridge Scheduler, with its timezone; the User Guide says what is right")
	}
	if _, full := errors.AsType[*types.ServiceQuotaExceededException](err); full {
		return fault.Wrap(err, fault.Exhausted, "The account has no room for another schedule.")
	}
	if outage.Is(err) {
		return fault.Wrap(err, fault.Unavailable, "EventBridge Scheduler does not answer. Try again later.")
	}
	return fault.Wrap(err, fault.Internal, "call EventBridge Scheduler")
}
