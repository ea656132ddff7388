package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// The places of the items within a claim's transaction.
const (
	claimRecord = iota
	claimServer
	claimResource
)

// Claim chooses from one read of the server and decides by the transaction:
//
//  1. Read the server. NotFound if it has no free slot or no candidate.
//  2. The candidate is the first in the queue whose resource has no deployment in
//     the running set. A deployment's id begins with its resource's, so the
//     resources need not be read.
//  3. Write record, server and resource. The server's condition is that the
//     candidate is still at its place and that a slot is still free.
//  4. If the server refuses, another claim was faster: begin again. If the record or
//     the resource refuses, this candidate cannot start now: try the next one.
func (d *Deployments) Claim(ctx context.Context, server catalog.ID,
	now time.Time) (deployment.Record, error) {
	var claimed deployment.Record
	blocked := map[string]bool{}
	err := retry(ctx, func() (bool, error) {
		load, err := d.server(ctx, server)
		if err != nil {
			return false, err
		}
		place := load.next(blocked)
		if place < 0 {
			return false, deployment.NewNothingToClaimError(server)
		}
		id := deployment.ID(load.Queue[place])
		record, _, err := d.record(ctx, id)
		if err == nil {
			record, err = record.Claimed(now)
		}
		if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Conflict) {
			blocked[string(id)] = true
			return false, nil
		}
		if err != nil {
			return false, err
		}
		why, done, err := write(ctx, d.client, d.claiming(record, server, place))
		if done {
			claimed = record
		}
		if slices.Contains(why.unmet, claimRecord) || slices.Contains(why.unmet, claimResource) {
			blocked[string(id)] = true
		}
		return done, err
	})
	return claimed, err
}

// next returns the place in the queue of the deployment to claim, or -1.
func (l *serverState) next(blocked map[string]bool) int {
	if l == nil || len(l.Running) >= l.Concurrency {
		return -1
	}
	busy := map[catalog.ID]bool{}
	for id := range l.Running {
		busy[deployment.ID(id).Resource()] = true
	}
	return slices.IndexFunc(l.Queue, func(id string) bool {
		return !blocked[id] && !busy[deployment.ID(id).Resource()]
	})
}

// claiming is the transaction of a claim. Its conditions ensure that a deployment
// runs once and that no other runs on its resource: it is still queued, it is still
// at its place and a slot is free, and the resource has nothing running.
func (d *Deployments) claiming(record deployment.Record, server catalog.ID,
	place int) []types.TransactWriteItem {
	return []types.TransactWriteItem{
		claimRecord: update(change{
			table:     d.tables.of(record.ID.Kind()),
			key:       recordKey(record.ID),
			update:    "SET #status = :in_progress, #c = :now, #u = :now",
			condition: "#status = :queued",
			values: item{":queued": text(deployment.Queued), ":in_progress": text(record.Status),
				":now": moment(record.ClaimedAt)},
		}),
		claimServer: update(change{
			table:     d.tables.Catalog,
			key:       stateKey(server),
			this:      string(record.ID),
			update:    fmt.Sprintf("SET #running.#this = :now REMOVE #queue[%d]", place),
			condition: fmt.Sprintf("#queue[%d] = :id AND size(#running) < #concurrency", place),
			values:    item{":id": text(record.ID), ":now": stamp(record.ClaimedAt)},
		}),
		claimResource: update(change{
			table:     d.tables.Catalog,
			key:       stateKey(record.ID.Resource()),
			update:    "SET #running = :id, #queued = :none",
			condition: "#queued = :id AND #running = :none",
			values:    item{":id": text(record.ID), ":none": text("")},
		}),
	}
}
