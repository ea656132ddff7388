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
const leased = "#status = :in_progress AND #l = :owner AND #a = :attempt"

// leaseValues adds the values of the condition leased to more.
func leaseValues(lease deployment.Lease, more item) item {
	more[":in_progress"] = text(deployment.InProgress)
	more[":owner"] = text(lease.Owner)
	more[":attempt"] = number(lease.Attempt)
	return more
}

// Begin takes the lease if attempt and expiry are unchanged since they were read, so a
// runner that renews the lease in between keeps it. [deployment.Record.Begun] has the rules; the
// condition only ensures that they were applied to the current record.
func (d *Deployments) Begin(ctx context.Context, id deployment.ID, owner string, now time.Time,
	length time.Duration) (deployment.Record, error) {
	return d.begin(ctx, id, func(record deployment.Record) (deployment.Record, error) {
		return record.Begun(owner, now, length)
	})
}

// Resume takes the lease like Begin. The condition on the number of leases holds its rule, too: a
// deployment is parked again only under another lease.
func (d *Deployments) Resume(ctx context.Context, id deployment.ID, parking int, owner string,
	now time.Time, length time.Duration) (deployment.Record, error) {
	return d.begin(ctx, id, func(record deployment.Record) (deployment.Record, error) {
		return record.Resumed(parking, owner, now, length)
	})
}

func (d *Deployments) begin(ctx context.Context, id deployment.ID,
	take func(deployment.Record) (deployment.Record, error)) (deployment.Record, error) {
	var begun deployment.Record
	err := retry(ctx, func() (bool, error) {
		record, _, err := d.record(ctx, id)
		if err != nil {
			return false, err
		}
		next, err := take(record)
		if err != nil {
			return false, err
		}
		begin := change{
			table:     d.tables.of(id.Kind()),
			key:       recordKey(id),
			update:    "SET #l = :owner, #a = :attempt, #e = :expires, #b = :begun, #u = :now",
			condition: "#status = :in_progress AND #a = :was AND attribute_not_exists(#e)",
			values: item{":in_progress": text(deployment.InProgress), ":was": number(record.Lease.Attempt),
				":owner": text(next.Lease.Owner), ":attempt": number(next.Lease.Attempt),
				":expires": moment(next.Lease.Expires), ":begun": moment(next.StartedAt),
				":now": moment(next.UpdatedAt)},
		}
		if !record.ParkedAt.IsZero() {
			begin.update += " REMOVE #k"
		}
		if expires := record.Lease.Expires; !expires.IsZero() {
			begin.condition = "#status = :in_progress AND #a = :was AND #e = :expired"
			begin.values[":expired"] = moment(expires)
		}
		_, done, err := d.change(ctx, begin)
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
	return d.advance(ctx, id, lease, progress, now, length, "")
}

// Park makes the write of Advance, ends the lease and sets the mark.
func (d *Deployments) Park(ctx context.Context, id deployment.ID, lease deployment.Lease,
	progress deployment.Progress, now time.Time) (deployment.Signals, error) {
	return d.advance(ctx, id, lease, progress, now, 0, ", #k = :now")
}

// advance stores progress, and more.
func (d *Deployments) advance(ctx context.Context, id deployment.ID, lease deployment.Lease,
	progress deployment.Progress, now time.Time, length time.Duration,
	more string) (deployment.Signals, error) {
	table := d.tables.of(id.Kind())
	if table == "" {
		return deployment.Signals{}, deployment.NewNotFoundError()
	}
	if lease.Attempt == 0 { // the lease of a record that was never begun
		return deployment.Signals{}, deployment.NewLeaseLostError(id)
	}
	advancing := change{
		table:     table,
		key:       recordKey(id),
		update:    "SET #p = :progress, #e = :expires, #u = :now" + more,
		condition: leased,
		values: leaseValues(lease, item{":progress": blob(packProgress(id, progress)),
			":expires": moment(now.Add(length)), ":now": moment(now)}),
	}
	var signals deployment.Signals
	err := retry(ctx, func() (bool, error) {
		written, done, err := d.change(ctx, advancing)
		if err != nil {
			return false, err
		}
		if done {
			signals, err = readSignals(written)
			return true, err
		}
		record, _, err := d.record(ctx, id)
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
		record, _, err := d.record(ctx, id)
		if err != nil {
			return false, err
		}
		ended, err := record.Ended(lease, progress, outcome, now)
		if err != nil {
			return false, err
		}
		writes := d.finishing(lease, ended)
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
func (d *Deployments) finishing(lease deployment.Lease, ended deployment.Record) []types.TransactWriteItem {
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
	if ended.Status == deployment.Finished {
		resource.update += ", #finished = list_append(if_not_exists(#finished, :empty), :finished)"
		resource.values[":empty"] = list()
		resource.values[":finished"] = texts([]string{finishedText(deployment.NewFinishedID(ended))})
	}
	if ended.Started() {
		resource.update += ", #last_start = :started"
		resource.values[":started"] = stamp(ended.StartedAt)
	}
	if log := ended.Progress.Log; log.Chunks > 0 {
		resource.update += " ADD #log_objects :objects, #log_bytes :stored"
		resource.values[":objects"], resource.values[":stored"] = number(log.Chunks), number(log.Stored)
	}
	writes := []types.TransactWriteItem{
		update(d.endingRun(lease, ended)), update(d.freeingSlot(ended)), update(resource),
	}
	if message := ended.Outcome.Source.Message; message != "" && !messageFits(ended) {
		writes = append(writes, update(change{
			table:  d.tables.of(ended.ID.Kind()),
			key:    detailsKey(ended.ID),
			update: "SET #message = :message",
			values: item{":message": text(message)},
		}))
	}
	return writes
}

// endingRun ends the record, and drops what only a runner needs.
func (d *Deployments) endingRun(lease deployment.Lease, ended deployment.Record) change {
	record := change{
		table:     d.tables.of(ended.ID.Kind()),
		key:       recordKey(ended.ID),
		update:    "SET #status = :status, #p = :progress, #o = :outcome, #f = :now",
		condition: leased,
		values: leaseValues(lease, item{":status": text(ended.Status),
			":progress": blob(packProgress(ended.ID, ended.Progress)),
			":outcome":  blob(packOutcome(ended)), ":now": moment(ended.FinishedAt)}),
	}
	record.date(ended)
	if ended.Outcome.Source.Message != "" && !messageFits(ended) {
		record.update += ", #d = :yes"
		record.values[":yes"] = yes()
	}
	record.update += " REMOVE #l, #e, #u, #w, #k"
	return record
}

// freeingSlot removes the deployment from the running ones of its server. If it has
// reached the server, it also notes the time.
func (d *Deployments) freeingSlot(ended deployment.Record) change {
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
	return server
}
