// Package eventbus publishes changes of deployments as events on an EventBridge bus.
package eventbus

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// DetailType is the detail type of every event. Rules match on it and on [Stack.Source].
const DetailType = "Deployment Status Changed"

// Version is the version of the form of a detail. Within a version, fields are only added.
const Version = 1

// Stack is the stack that publishes.
type Stack struct {
	// Team is the name of the team. Teams may share a bus.
	Team string
	// URL is the address of the API, up to "/api/v1", for the links of an event.
	URL string
}

// Source is the source of the stack's events.
func (s Stack) Source() string { return "waybill." + s.Team }

// Bus is an event bus. It is safe for use by several goroutines.
type Bus struct {
	client *eventbridge.Client
	name   string
	stack  Stack
}

var _ deployment.Publisher = (*Bus)(nil)

// New returns the bus with the given name.
func New(client *eventbridge.Client, bus string, stack Stack) *Bus {
	return &Bus{client: client, name: bus, stack: stack}
}

// Open returns the bus with the given name and makes a client for it.
func Open(config aws.Config, bus string, stack Stack) *Bus {
	return New(eventbridge.NewFromConfig(config), bus, stack)
}

// Publish puts the change on the bus. Internal if the bus did not take it.
func (b *Bus) Publish(ctx context.Context, change deployment.Change) error {
	id := change.Record.ID
	text, err := json.Marshal(newDetail(b.stack, change))
	if err != nil {
		return fault.Wrap(err, fault.Internal, "encode the event of %s", id)
	}
	entries := []types.PutEventsRequestEntry{{
		EventBusName: &b.name,
		Source:       aws.String(b.stack.Source()),
		DetailType:   aws.String(DetailType),
		Detail:       aws.String(string(text)),
		Time:         aws.Time(change.Record.UpdatedAt),
	}}
	answer, err := b.client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
	if err != nil {
		return fault.Wrap(err, fault.Internal, "publish the event of %s", id)
	}
	// The call succeeds even if the bus refused the entry.
	if answer.FailedEntryCount > 0 {
		return fault.New(fault.Internal, "the bus refused the event of %s: %s", id, refusal(answer.Entries))
	}
	return nil
}

func refusal(entries []types.PutEventsResultEntry) string {
	for _, entry := range entries {
		if entry.ErrorCode != nil {
			return *entry.ErrorCode
		}
	}
	return "no reason given"
}
