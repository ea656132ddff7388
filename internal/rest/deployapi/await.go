package deployapi

import (
	"context"
	"net/http"

	"waybill/internal/deployment"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// await completes the answer to a request with `wait` when its deployments have ended, or
// when the wait is over: each gets its status, its reason and its exit code. With `follow`
// the answer leads to the result at once.
func (a deployAPI) await(ctx context.Context, c *rest.Call, reply rest.Answer) (rest.Answer, error) {
	if c.Follows() {
		reply.Status = http.StatusSeeOther
		reply.Header = map[string]string{
			"Location": c.Reference("/deployments/" + reply.Created[0] + "/result?wait=20"),
		}
		return reply, nil
	}
	wait, _ := c.Wait()
	var ids []deployment.ID
	for _, id := range reply.Created {
		ids = append(ids, deployment.ID(id))
	}
	records, err := a.opts.AwaitAll(ctx, a.History, ids, wait)
	if err != nil {
		return rest.Answer{}, err
	}
	positions, err := a.addPositions(ctx, records)
	if err != nil {
		return rest.Answer{}, err
	}
	switch body := reply.Body.(type) {
	case queuedBody:
		id := deployment.ID(body.DeploymentUUID)
		body.Ending, body.Position = wire.FromEnding(records[id]), positions[id]
		body.WaitingFor = wire.WaitingFor(records[id])
		reply.Body = body
	case deployedBody:
		for i, one := range body.Deployments {
			if id := deployment.ID(one.DeploymentUUID); id != "" {
				one.Ending, one.Position = wire.FromEnding(records[id]), new(positions[id])
				one.WaitingFor = wire.WaitingFor(records[id])
				body.Deployments[i] = one
			}
		}
	}
	for _, record := range records {
		if !record.Status.Terminal() {
			reply.Header = rest.RetryNow()
		}
	}
	return reply, nil
}

// addPositions returns the places of the deployments that are still queued, with the
// records as they are then.
func (a deployAPI) addPositions(
	ctx context.Context, records map[deployment.ID]deployment.Record,
) (map[deployment.ID]int, error) {
	positions := map[deployment.ID]int{}
	for id, record := range records {
		if record.Status != deployment.Queued {
			continue
		}
		receipt, err := a.Ledger.Repeat(ctx, id)
		if err != nil {
			return nil, err
		}
		records[id], positions[id] = receipt.Record, receipt.Position
	}
	return positions, nil
}
