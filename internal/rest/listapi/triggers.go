package listapi

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/rest"
	"waybill/internal/trigger"
	"waybill/internal/wire"
)

// maxRecent is how many events are listed.
const maxRecent = 100

// listTriggers answers the last events with their results. A token with a scope sees the results
// of its resources, and the events that have one.
func (a listAPI) listTriggers(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	recent, err := a.Triggers.Recent(ctx, maxRecent)
	if err != nil {
		return rest.Answer{}, err
	}
	bodies := []wire.Event{}
	for _, received := range recent {
		covered, err := coveredResults(ctx, c, received)
		if err != nil {
			return rest.Answer{}, err
		}
		if len(covered) > 0 || c.Token.Scope.Whole() {
			bodies = append(bodies, wire.FromReceived(received, covered))
		}
	}
	return rest.OK(map[string]any{"events": bodies}), nil
}

// coveredResults returns the resources with results that the token covers. The result of an event
// as a whole is for tokens without a scope.
func coveredResults(ctx context.Context, c *rest.Call, received trigger.Received) (
	map[catalog.ID]bool, error) {
	covered := map[catalog.ID]bool{"": c.Token.Scope.Whole()}
	for resource := range received.Results {
		if resource == "" {
			continue
		}
		is, err := c.CoversID(ctx, resource)
		if err != nil {
			return nil, err
		}
		covered[resource] = is
	}
	for resource, is := range covered {
		if !is {
			delete(covered, resource)
		}
	}
	return covered, nil
}
