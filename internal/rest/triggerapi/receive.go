package triggerapi

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/trigger"
	"waybill/internal/webhook"
)

// delivery is a delivery whose signature is right.
type delivery struct {
	provider webhook.Provider
	resource catalog.Deployable
	call     *rest.Call
}

// received answers a delivery: accepted, ignored or pong.
type received struct {
	Status string `json:"status"`
	// EventID names the event of an accepted one in the list of events.
	EventID *string `json:"event_id"`
	// Reason says why an ignored one starts nothing.
	Reason *string `json:"reason"`
}

func ignored(reason string) rest.Answer { return rest.OK(received{Status: "ignored", Reason: &reason}) }

// receive takes deliveries of a provider.
func (a triggerAPI) receive(provider webhook.Provider) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		resource, err := a.verify(ctx, c, provider)
		if err != nil {
			return rest.Answer{}, err
		}
		if err := a.throttle.Admit(string(resource.Common().ID), a.opts.Now()); err != nil {
			return rest.Answer{}, err
		}
		if err := checkType(c.Headers().Get("Content-Type")); err != nil {
			return rest.Answer{}, err
		}
		d := delivery{provider: provider, resource: resource, call: c}
		if provider == webhook.Generic {
			return a.called(ctx, d)
		}
		return a.pushed(ctx, d)
	}
}

// verify returns the resource that the path names if the delivery is signed with its secret. A
// resource that does not exist, or that has no secret, costs the same work and gets the same
// refusal as a wrong signature: one read, one derivation and one comparison. It is 401 rather than
// 404, because the operator of a forge then looks at the secret, which is wrong far more often
// than the address.
func (a triggerAPI) verify(
	ctx context.Context, c *rest.Call, provider webhook.Provider,
) (catalog.Deployable, error) {
	id := catalog.ID(c.Params["uuid"])
	resource, err := a.find(ctx, id)
	if err != nil {
		return nil, err
	}
	generation := 0
	if resource != nil {
		generation = resource.Shared().WebhookGeneration
	}
	key, err := a.keys.Key(ctx, generation > 0)
	if err != nil {
		return nil, err
	}
	signed := webhook.Verify(provider, key.Secret(id, generation), c.Headers(), c.Body, a.opts.Now())
	if !signed || generation == 0 {
		return nil, fault.New(fault.Unauthenticated, "The delivery is not signed with the present secret of "+
			"this address, or its time stamp is more than 5 minutes off.")
	}
	return resource, nil
}

// find returns the resource, or nil if it does not exist.
func (a triggerAPI) find(ctx context.Context, id catalog.ID) (catalog.Deployable, error) {
	id, err := catalog.ParseID(string(id))
	if err != nil || !id.Kind().Deployable() {
		return nil, nil
	}
	resource, err := catalog.FindHead[catalog.Deployable](ctx, a.Store, id)
	if errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	return resource, err
}

// checkType refuses anything but JSON. A signed form is a setting of the forge, so the text says
// which one to choose.
func checkType(header string) error {
	media, _, _ := mime.ParseMediaType(header)
	switch {
	case media == "", media == "application/json", strings.HasSuffix(media, "+json"):
		return nil
	case media == "application/x-www-form-urlencoded":
		return fault.InvalidField("Content-Type", "is the one of a form; choose application/json in the "+
			"settings of the webhook")
	}
	return fault.InvalidField("Content-Type", "must be application/json")
}

// called takes a call of the generic webhook. Its content decides nothing.
func (a triggerAPI) called(ctx context.Context, d delivery) (rest.Answer, error) {
	if !json.Valid(d.call.Body) {
		return rest.Answer{}, fault.InvalidField("body", "must be JSON")
	}
	for _, rule := range d.resource.Shared().Triggers {
		if rule.Kind != catalog.TriggerHook {
			continue
		}
		event := a.event(d, trigger.Hook)
		event.Time, _ = webhook.StandardTime(d.call.Headers())
		event.Hook = &trigger.Called{ResourceID: d.resource.Common().ID,
			Operation: deployment.Operation(rule.Does()), Options: optionsOf(rule)}
		return a.send(ctx, event)
	}
	return ignored("The resource declares no trigger of kind hook."), nil
}

// pushed takes a delivery of a forge. Of several pushes in one, the last that counts is deployed.
func (a triggerAPI) pushed(ctx context.Context, d delivery) (rest.Answer, error) {
	notice, err := webhook.Parse(d.provider, d.call.Headers(), d.call.Body)
	switch {
	case err != nil:
		return rest.Answer{}, err
	case notice.Ping:
		return rest.OK(received{Status: "pong"}), nil
	case notice.Other != "":
		return ignored("The event is " + notice.Other + ", and only pushes count."), nil
	}
	reason := "The resource declares no trigger of kind git."
	for i := len(notice.Pushes) - 1; i >= 0; i-- {
		push := notice.Pushes[i]
		for _, rule := range d.resource.Shared().Triggers {
			if rule.Kind != catalog.TriggerGit {
				continue
			}
			counts, why := filterOf(rule, d.resource).Match(push, notice.DefaultBranch)
			if counts {
				return a.send(ctx, a.pushEvent(d, rule, push))
			}
			reason = why
		}
	}
	return ignored(reason), nil
}

// filterOf returns the filter of a rule of kind git.
func filterOf(rule catalog.TriggerRule, resource catalog.Deployable) webhook.Filter {
	filter := webhook.Filter{Branches: rule.Branches, Tags: rule.Tags, Paths: rule.WatchPaths}
	if application, is := resource.(*catalog.Application); is && application.Source() != nil {
		filter.Own = application.Source().Branch
	}
	return filter
}

// pushEvent returns the event of a push that counts for the rule. The rule alone chooses the
// operation and its options, and the push the commit.
func (a triggerAPI) pushEvent(d delivery, rule catalog.TriggerRule, push webhook.Push) trigger.Event {
	event := a.event(d, trigger.Git)
	if !push.At.IsZero() {
		event.Time = push.At
	}
	event.Push = &trigger.Push{
		ResourceID: d.resource.Common().ID, Ref: push.Ref(), Branch: push.Branch, GitTag: push.Tag,
		Commit: push.Commit, Message: push.Message, Author: push.Author, Paths: somePaths(push.Paths),
		Provider: string(d.provider), Operation: deployment.Operation(rule.Does()), Options: optionsOf(rule),
	}
	return event
}

// Bounds of the changed files in an event, so that the message stays small.
const (
	maxPaths     = 20
	maxPathBytes = 200
)

// somePaths returns the first changed files. Longer names are left out.
func somePaths(paths []string) []string {
	var some []string
	for _, path := range paths {
		if len(some) < maxPaths && len(path) <= maxPathBytes {
			some = append(some, path)
		}
	}
	return some
}

func optionsOf(rule catalog.TriggerRule) trigger.Options {
	return trigger.Options{PullLatestImages: rule.Options.PullLatestImages,
		StopBeforeStart: rule.Options.StopBeforeStart, Force: rule.Options.Force,
		After: rule.Options.After}
}

// event returns the event of the delivery without its content. Copies of a delivery have the same
// id.
func (a triggerAPI) event(d delivery, source trigger.Source) trigger.Event {
	id := webhook.DeliveryID(d.provider, d.resource.Common().ID, d.call.Headers(), d.call.Body)
	return trigger.Event{Version: trigger.Version, ID: string(source) + "/" + id, Source: source,
		Time: a.opts.RecordTime()}
}

// send puts the event into the queue.
func (a triggerAPI) send(ctx context.Context, event trigger.Event) (rest.Answer, error) {
	if err := a.Queue.Send(ctx, event); err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusAccepted, Body: received{Status: "accepted", EventID: &event.ID}},
		nil
}
