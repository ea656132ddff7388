package listapi

import (
	"context"
	"strings"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// feedEvery is how often a waiting request reads the feed.
const feedEvery = time.Second

// changeBody is one change of the status of a deployment.
type changeBody struct {
	ID             string `json:"id"`
	DeploymentUUID string `json:"deployment_uuid"`
	ResourceUUID   string `json:"resource_uuid"`
	ResourceType   string `json:"resource_type"`
	Status         string `json:"status"`
	At             string `json:"at"`
}

// changesBody has the changes after a position, and the position after them.
type changesBody struct {
	Changes []changeBody `json:"changes"`
	Next    string       `json:"next"`
}

// listChanges answers the changes after a position, or waits for one.
func (a listAPI) listChanges(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	position := deployment.NewPosition(a.opts.Now())
	if text := c.Query.Get("after"); text != "" {
		var err error
		if position, err = deployment.ParsePosition(text, a.opts.Now()); err != nil {
			return rest.Answer{}, err
		}
	}
	seconds, err := rest.Number(c.Query, "wait", 0)
	if err != nil {
		return rest.Answer{}, err
	}
	until := a.opts.Now().Add(time.Duration(seconds) * time.Second)
	for {
		var found []deployment.Listed
		found, position, err = a.advance(ctx, position)
		if err != nil {
			return rest.Answer{}, err
		}
		changes, err := coveredChanges(ctx, c, found)
		if err != nil {
			return rest.Answer{}, err
		}
		left := until.Sub(a.opts.Now())
		if len(changes) > 0 || left <= 0 {
			return rest.OK(changesBody{changes, position.Text()}), nil
		}
		if err := rest.Pause(ctx, min(left, feedEvery)); err != nil {
			return rest.Answer{}, err
		}
	}
}

// advance reads the changes after the position.
func (a listAPI) advance(ctx context.Context,
	position deployment.Position) ([]deployment.Listed, deployment.Position, error) {
	now := a.opts.Now()
	listed, err := a.Feed.Since(ctx, position.From, deployment.MaxChanges)
	if err != nil {
		return nil, position, err
	}
	found, next := position.Advance(listed, len(listed) == deployment.MaxChanges, now)
	return found, next, nil
}

// coveredChanges returns the changes of the resources that the token covers. It never returns
// nil, so that no changes are encoded as [].
func coveredChanges(ctx context.Context, c *rest.Call, found []deployment.Listed) ([]changeBody, error) {
	bodies := []changeBody{}
	for _, one := range found {
		uuid, status, _ := strings.Cut(one.ID, ".")
		id := deployment.ID(uuid)
		covered, err := c.CoversID(ctx, id.Resource())
		if err != nil {
			return nil, err
		}
		if covered {
			bodies = append(bodies, changeBody{ID: one.ID, DeploymentUUID: uuid,
				ResourceUUID: string(id.Resource()), ResourceType: string(id.Kind()),
				Status: status, At: wire.Timestamp(one.At)})
		}
	}
	return bodies, nil
}
