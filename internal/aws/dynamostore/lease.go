package dynamostore

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/deployment"
)

// leased is the condition that the record still has this lease and has not ended.
// leaseValues has its values.
const leased = "#status = :in_progress AND #lease.#owner = :owner AND #lease.#attempt = :attempt"

// leaseValues adds the values of the condition leased to more.
func leaseValues(lease deployment.Lease, more item) item {
	more[":in_progress"] = text(deployment.InProgress)
	more[":owner"] = text(lease.Owner)
	more[":attempt"] = number(lease.Attempt)
	return more
}

// Begin takes the lease if it is unchanged since it was read, so a runner that
// renews it in between keeps it. [deployment.Record.Begun] has the rules; the
// condition only ensures that they were applied to the current record.
func (d *Deployments) Begin(ctx context.Context, id deployment.ID, owner string, now time.Time,
	length time.Duration) (deployment.Record, error) {
	var begun deployment.Record
	err := retry(ctx, func() (bool, error) {
		record, err := d.Get(ctx, id)
		if err != nil {
			return false, err
		}
		next, err := record.Begun(owner, now, length)
		if err != nil {
			return false, err
		}
		was, err := part(newLeaseItem(record.Lease))
		if err != nil {
			return false, err
		}
		lease, err := part(newLeaseItem(next.Lease))
		if err != nil {
			return false, err
		}
		_, done, err := d.change(ctx, change{
			table:     d.tables.of(id.Kind()),
			key:       recordKey(id),
			update:    "SET #lease = :lease, #started_at = :started_at, #updated_at = :now",
			condition: "#status = :in_progress AND #lease = :was",
			values: item{":in_progress": text(deployment.InProgress), ":was": was, ":lease": lease,
				":started_at": stamp(next.StartedAt), ":now": stamp(now)},
		})
		begun = next
		return done, err
	})
	if err != nil {
		return deployment.Record{}, err
	}
	return begun, nil
}

// Advance is one write. Runners call it for every chunk and every few seconds, so it
// reads the record only after a refusal.
func (d *Deployments) Advance(ctx context.Context, id deployment.ID, lease deployment.Lease,
	progress deployment.Progress, now time.Time, length time.Duration) (deployment.Signals, error) {
	table := d.tables.of(id.Kind())
	if table == "" {
		return deployment.Signals{}, deployment.NewNotFoundError()
	}
	if lease.Attempt == 0 { // the lease of a record that was never begun
		return deployment.Signals{}, deployment.NewLeaseLostError(id)
	}
	done, err := part(newProgressItem(progress))
	if err != nil {
		return deployment.Signals{}, err
	}
	advancing := change{
		table:     table,
		key:       recordKey(id),
		update:    "SET #progress = :progress, #lease.#expires = :expires, #updated_at = :now",
		condition: leased,
		values: leaseValues(lease, item{":progress": done, ":expires": stamp(now.Add(length)),
			":now": stamp(now)}),
	}
	var signals deployment.Signals
	err = retry(ctx, func() (bool, error) {
		written, done, err := d.change(ctx, advancing)
		if err != nil {
			return false, err
		}
		if done {
			signals, err = readSignals(written)
			return true, err
		}
		record, err := d.Get(ctx, id)
		if err != nil {
			return false, err
		}
		_, err = record.Advanced(lease, progress, now, length)
		return false, err
	})
	return signals, err
}

// Finish ends the record and frees slot and resource in one transaction. Normally
// only the record's condition can fail: it decides whether the caller may end the
// deployment. If the server or the resource has lost its entry of the deployment,
// Finish leaves out that write. A damaged table must not keep a deployment from
// ending, and a lost entry blocks nothing.
func (d *Deployments) Finish(ctx context.Context, id deployment.ID, lease deployment.Lease,
	progress deployment.Progress, outcome deployment.Outcome, now time.Time) error {
	absent := map[int]bool{} // the writes to leave out, by their place in the transaction
	return retry(ctx, func() (bool, error) {
		record, err := d.Get(ctx, id)
		if err != nil {
			return false, err
		}
		ended, err := record.Ended(lease, progress, outcome, now)
		if err != nil {
			return false, err
		}
		writes, err := d.finishing(ended)
		if err != nil {
			return false, err
		}
		var tried []types.TransactWriteItem
		var of []int // the place of each tried write in the whole transaction
		for place, one := range writes {
			if !absent[place] {
				tried, of = append(tried, one), append(of, place)
			}
		}
		why, done, err := write(ctx, d.client, tried)
		if !slices.Contains(why.unmet, 0) {
			for _, unmet := range why.unmet {
				absent[of[unmet]] = true
			}
		}
		return done, err
	})
}

// finishing is the transaction that ends a deployment.
func (d *Deployments) finishing(ended deployment.Record) ([]types.TransactWriteItem, error) {
	progress, err := part(newProgressItem(ended.Progress))
	if err != nil {
		return nil, err
	}
	outcome, err := part(newOutcomeItem(ended.Outcome))
	if err != nil {
		return nil, err
	}
	resource := change{
		table:     d.tables.Catalog,
		key:       stateKey(ended.ID.Resource()),
		update:    "SET #running = :none",
		condition: "#running = :id",
		values:    item{":id": text(ended.ID), ":none": text("")},
	}
	if status := ended.Outcome.ResourceStatus; status != "" {
		resource.update += ", #status = :status"
		resource.values[":status"] = text(status)
	}
	server := change{
		table:     d.tables.Catalog,
		key:       stateKey(ended.ServerID),
		this:      string(ended.ID),
		update:    "REMOVE #running.#this",
		condition: "attribute_exists(#running.#this)",
	}
	if ended.Reached() {
		server.update = "SET #validated_at = :now " + server.update
		server.values = item{":now": stamp(ended.FinishedAt)}
	}
	return []types.TransactWriteItem{
		update(change{
			table: d.tables.of(ended.ID.Kind()),
			key:   recordKey(ended.ID),
			update: "SET #status = :status, #progress = :progress, #outcome = :outcome, " +
				"#finished_at = :now, #updated_at = :now",
			condition: leased,
			values: leaseValues(ended.Lease, item{":status": text(ended.Status), ":progress": progress,
				":outcome": outcome, ":now": stamp(ended.FinishedAt)}),
		}),
		update(server),
		update(resource),
	}, nil
}
