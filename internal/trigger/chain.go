package trigger

import (
	"context"
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// chain gives each target its place in the chain of deployments that led to the event. Invalid if
// the chain is too long. An event that carries a deployment never starts its resource: such
// targets are returned apart.
func (i *Intake) chain(ctx context.Context, event Event, targets []target) (
	free, looped []target, err error) {
	if len(event.Causes) == 0 {
		return targets, nil, nil
	}
	depth, last := 0, event.Causes[0]
	own := map[catalog.ID]bool{}
	for _, cause := range event.Causes {
		id, err := deployment.ParseID(string(cause))
		if err != nil {
			return nil, nil, fault.InvalidField("causes", "must be uuids of deployments")
		}
		own[id.Resource()] = true
		record, err := i.Records.Get(ctx, id)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return nil, nil, err
		}
		if of := record.Trigger.Chain + 1; of > depth { // 1 for a deployment that is gone
			depth, last = of, id
		}
	}
	if depth > deployment.MaxChain {
		return nil, nil, fault.InvalidField("detail.caused_by",
			"ends a chain of %d deployments that caused each other", deployment.MaxChain)
	}
	for _, target := range targets {
		target.work.Trigger.Chain, target.work.Trigger.CausedBy = depth, last
		if own[target.resource] {
			looped = append(looped, target)
		} else {
			free = append(free, target)
		}
	}
	return free, looped, nil
}

// breakLoop makes a dead letter of the event for a resource whose own deployment led to it.
func (i *Intake) breakLoop(ctx context.Context, received Received, body string, looped target) error {
	if _, has := received.Results[looped.resource]; has {
		return nil
	}
	letter := newLetter(body, fault.InvalidField("detail.caused_by",
		"has a deployment of %s, which the event would start again", looped.resource))
	letter.Event, letter.Resource = received.ID, looped.resource
	if err := i.Letters.Bury(ctx, letter); err != nil {
		return err
	}
	return i.Store.Record(ctx, received.ID, map[catalog.ID]Result{
		looped.resource: i.result(Result{Outcome: Dead, Reason: letter.Reason})}, false)
}
