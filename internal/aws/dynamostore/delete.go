package dynamostore

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
)

// Delete removes the entity and takes it off the counts of what it depends on.
//
// It reads first, for the dependencies and for a refusal that says why; whether
// it may go is decided by the transaction, which asks for the same dependencies.
func (c *Catalog) Delete(ctx context.Context, id catalog.ID) error {
	return retry(ctx, func() (bool, error) {
		stored, err := c.get(ctx, id)
		if err != nil {
			return true, err
		}
		var form entityItem
		if err := decode(stored, &form); err != nil {
			return true, err
		}
		if err := deletable(id, form, stored); err != nil {
			return true, err
		}
		writes := []types.TransactWriteItem{c.remove(id, stored["depends_on"])}
		for _, dependency := range form.DependsOn {
			writes = append(writes, c.count(catalog.ID(dependency), -1))
		}
		_, done, err := write(ctx, c.client, writes)
		return done, err
	})
}

// deletable says why the item cannot go, or nil.
func deletable(id catalog.ID, form entityItem, stored item) error {
	busy := false
	switch {
	case id.Kind() == catalog.KindServer:
		var state serverState
		if err := decode(stored, &state); err != nil {
			return err
		}
		busy = len(state.Queue)+len(state.Running) > 0
	case id.Kind().Deployable():
		var state resourceState
		if err := decode(stored, &state); err != nil {
			return err
		}
		busy = state.Queued != "" || state.Running != ""
	}
	if busy {
		return catalog.NewBusyError(id)
	}
	if form.Dependents > 0 {
		return catalog.NewInUseError(id)
	}
	return nil
}

// remove deletes the item if nothing depends on it, nothing runs, and it
// depends on what it did when it was read.
func (c *Catalog) remove(id catalog.ID, dependencies types.AttributeValue) types.TransactWriteItem {
	condition, values := "#dependents = :zero", item{":zero": number(0)}
	changes := id.Kind() == catalog.KindApplication || id.Kind() == catalog.KindServer
	if changes && dependencies != nil { // the others' stay
		condition += " AND #depends_on = :depends_on"
		values[":depends_on"] = dependencies
	}
	switch {
	case id.Kind() == catalog.KindServer:
		condition += " AND size(#queue) = :zero AND size(#running) = :zero"
	case id.Kind().Deployable():
		condition += " AND #queued = :none AND #running = :none"
		values[":none"] = text("")
	}
	return types.TransactWriteItem{Delete: &types.Delete{
		TableName:                 aws.String(c.table),
		Key:                       entityKey(id),
		ConditionExpression:       aws.String(condition),
		ExpressionAttributeNames:  names("", condition),
		ExpressionAttributeValues: values,
	}}
}
