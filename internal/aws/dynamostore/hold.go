package dynamostore

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/audit"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// yes is a flag that is set. A flag that is not set is absent.
func yes() types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: true} }

// date adds the date to the write that ends a record, on the condition that the record is
// held, or not, as it was when it was read. One that finished gets no date anyway.
func (c *change) date(ended deployment.Record) {
	switch {
	case ended.Status == deployment.Finished:
	case ended.Hold.Held:
		c.condition += " AND #h = :held"
		c.values[":held"] = yes()
	default:
		c.update += ", #expires_at = :expires"
		c.condition += " AND attribute_not_exists(#h)"
		c.values[":expires"] = number(seconds(ended.ExpiresAt))
	}
}

// Hold sets a flag on the record, which every write of a date respects, and writes the
// reason into the details.
func (d *Deployments) Hold(ctx context.Context, id deployment.ID,
	hold deployment.Hold, entry audit.Entry) (deployment.Record, error) {
	err := retry(ctx, func() (bool, error) {
		record, _, err := d.record(ctx, id)
		if err != nil {
			return false, err
		}
		details := newDetailsItem(record.HeldBy(hold))
		writes := []types.TransactWriteItem{
			update(change{
				table:     d.tables.of(id.Kind()),
				key:       recordKey(id),
				update:    "SET #h = :yes, #d = :yes REMOVE #expires_at",
				condition: "attribute_exists(#status)",
				values:    item{":yes": yes()},
			}),
			update(change{
				table:  d.tables.of(id.Kind()),
				key:    detailsKey(id),
				update: "SET #held_at = :at, #held_by = :by, #hold_reason = :reason",
				values: item{":at": number(details.HeldAt), ":by": text(details.HeldBy),
					":reason": text(details.HoldReason)},
			}),
		}
		return d.writeWithEntry(ctx, writes, entry)
	})
	if err != nil {
		return deployment.Record{}, err
	}
	return d.get(ctx, id)
}

// Release ends the hold in one transaction. A deployment that finished is put on the list
// of its resource again, at its beginning: it is not the last one unless it is there
// already.
func (d *Deployments) Release(ctx context.Context, id deployment.ID,
	entry audit.Entry) (deployment.Record, error) {
	err := retry(ctx, func() (bool, error) {
		record, _, err := d.record(ctx, id)
		if err != nil || !record.Hold.Held {
			return err == nil, err
		}
		_, err = d.resource(ctx, id.Resource())
		there := err == nil
		if err != nil && !errors.Is(err, fault.NotFound) {
			return false, err
		}
		return d.writeWithEntry(ctx, d.releasing(record, there), entry)
	})
	if err == nil {
		err = d.DateFinished(ctx, id.Resource())
	}
	if err != nil {
		return deployment.Record{}, err
	}
	return d.get(ctx, id)
}

// writeWithEntry makes one transaction of the writes and the entry. It is done, too, if the
// entry exists: an earlier run of the same request has made the change.
func (d *Deployments) writeWithEntry(ctx context.Context, writes []types.TransactWriteItem,
	entry audit.Entry) (done bool, err error) {
	why, done, err := write(ctx, d.client, append(writes, entering(d.tables.Audit, entry)...))
	return done || slices.Contains(why.unmet, len(writes)), err
}

// releasing is the transaction that ends a hold. there says whether the resource exists.
func (d *Deployments) releasing(held deployment.Record, there bool) []types.TransactWriteItem {
	record := change{
		table:     d.tables.of(held.ID.Kind()),
		key:       recordKey(held.ID),
		update:    "REMOVE #h",
		condition: "#h = :yes AND #status = :status",
		values:    item{":yes": yes(), ":status": text(held.Status)},
	}
	if expires := held.Released().ExpiresAt; !expires.IsZero() {
		record.update += " SET #expires_at = :expires"
		record.values[":expires"] = number(seconds(expires))
	}
	writes := []types.TransactWriteItem{
		update(record),
		update(change{
			table:  d.tables.of(held.ID.Kind()),
			key:    detailsKey(held.ID),
			update: "REMOVE #held_at, #held_by, #hold_reason",
		}),
	}
	if held.Status != deployment.Finished || !there {
		return writes
	}
	return append(writes, update(change{
		table:     d.tables.Catalog,
		key:       stateKey(held.ID.Resource()),
		update:    "SET #finished = list_append(:again, if_not_exists(#finished, :empty))",
		condition: "attribute_exists(#uuid)",
		values: item{":empty": list(),
			":again": texts([]string{finishedText(deployment.NewFinishedID(held))})},
	}))
}
