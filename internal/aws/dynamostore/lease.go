package dynamostore

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/deployment"
)

// leased is the condition that a lease still is the record's and that the
// record has not ended. Its values are those of leaseValues.
const leased = "#status = :in_progress AND #lease.#owner = :owner AND #lease.#attempt = :attempt"

// leaseValues adds the values of that condition to more.
func leaseValues(lease deployment.Lease, more item) item {
	more[":in_progress"] = text(deployment.InProgress)
	more[":owner"] = text(lease.Owner)
	more[":attempt"] = number(lease.Attempt)
	return more
}

// Begin takes the lease if it still is as it was read: a runner that renews it
// in between keeps it. The rules themselves are [deployment.Record.Begun]'s;
// the condition only makes sure that they were asked about the present.
func (d *Deployments) Begin(ctx context.Context, id deployment.ID, owner string, now time.Time, length time.Duration) (deployment.Record, error) {
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
		was, err := part(leaseForm(record.Lease))
		if err != nil {
			return false, err
		}
		lease, err := part(leaseForm(next.Lease))
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

// change makes a write of one item. done says that it was written, and then
// the new item is returned; neither done nor an error means that it was
// refused.
func (d *Deployments) change(ctx context.Context, c change) (written item, done bool, err error) {
	input := c.updating()
	input.ReturnValues = types.ReturnValueAllNew
	output, err := d.client.UpdateItem(ctx, input)
	if err != nil {
		_, err = refused(err)
		return nil, false, err
	}
	return output.Attributes, true, nil
}

// Advance is one write, and nothing is read unless it is refused: runners call
// it at every chunk and every few seconds.
func (d *Deployments) Advance(ctx context.Context, id deployment.ID, lease deployment.Lease, progress deployment.Progress, now time.Time, length time.Duration) (deployment.Signals, error) {
	table := d.tables.of(id.Kind())
	if table == "" {
		return deployment.Signals{}, deployment.NewNotFoundError()
	}
	if lease.Attempt == 0 { // what a record has that nobody has begun
		return deployment.Signals{}, deployment.NewLeaseLostError(id)
	}
	done, err := part(progressForm(progress))
	if err != nil {
		return deployment.Signals{}, err
	}
	advancing := change{
		table:     table,
		key:       recordKey(id),
		update:    "SET #progress = :progress, #lease.#expires = :expires, #updated_at = :now",
		condition: leased,
		values:    leaseValues(lease, item{":progress": done, ":expires": stamp(now.Add(length)), ":now": stamp(now)}),
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

// Finish ends record, slot and resource in one transaction. Only the record's
// condition can fail in the ordinary course of things: it alone says who may
// end it. Where the server or the resource does not have it, it is in nobody's
// way there and never will be again, so it ends without that write: a table
// that somebody damaged must not keep a deployment from its end.
func (d *Deployments) Finish(ctx context.Context, id deployment.ID, lease deployment.Lease, progress deployment.Progress, outcome deployment.Outcome, now time.Time) error {
	absent := map[int]bool{} // the places in the transaction that do not have it
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
		var of []int // the places of those in the whole transaction
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
	progress, err := part(progressForm(ended.Progress))
	if err != nil {
		return nil, err
	}
	outcome, err := part(outcomeForm(ended.Outcome))
	if err != nil {
		return nil, err
	}
	resource := change{
		table:     d.tables.Catalog,
		key:       entityKey(ended.ID.Resource()),
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
		key:       entityKey(ended.ServerID),
		this:      string(ended.ID),
		update:    "REMOVE #running.#this",
		condition: "attribute_exists(#running.#this)",
	}
	if ended.Reached() {
		server.update = "SET #definition.#validated_at = :now " + server.update
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
